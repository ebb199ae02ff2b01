/**
 * The options that every command has.
 *
 * @module
 */

import type { Option, Values } from "./option.ts";
import { boolean, choice, path } from "./options.ts";

/** What {@linkcode commonOptions} are. */
export type CommonOptions = {
  /** The bundle's own folder, or a tool's file. */
  readonly out: Option<string | undefined>;
  /** One JSON document on stdout. */
  readonly json: Option<boolean>;
  /** Progress for programs. */
  readonly events: Option<"ndjson" | undefined>;
  /** Print the plan, start nothing. */
  readonly dryRun: Option<boolean>;
  /** The configuration file. */
  readonly config: Option<string | undefined>;
  /** No progress. */
  readonly quiet: Option<boolean>;
  /** Details. */
  readonly verbose: Option<boolean>;
  /** Colours. */
  readonly color: Option<boolean>;
  /** Help instead of a run. */
  readonly help: Option<boolean>;
};

/**
 * Options of every recipe and tool.
 *
 * @example What every command takes besides its own options
 * ```ts
 * import assert from "node:assert/strict";
 * import { type CommonOptions, commonOptions, type CommonValues, resolve } from "@vscope/vscope";
 *
 * const options: CommonOptions = commonOptions;
 * const values: CommonValues = resolve("monitor", options, { env: { VSCOPE_JSON: "1" } }).values;
 * assert.deepEqual([values.json, values.dryRun], [true, false]);
 * ```
 */
export const commonOptions: CommonOptions = {
  out: path({
    env: "VSCOPE_OUT",
    doc: "Where the result goes: the bundle's own folder, or a tool's file",
  }),
  json: boolean({
    default: false,
    doc: "Print one JSON document on stdout and nothing else there",
  }),
  events: choice({
    choices: ["ndjson"],
    doc: "Recipes: print what happens as it happens, one JSON document a line, on stdout",
  }),
  dryRun: boolean({
    default: false,
    doc: "Print the plan (argv, environment, files, disk and time needed) and start nothing",
  }),
  config: path({
    doc: "Configuration file; vscope.yaml in the current folder where not given",
    leadsTo: "file",
  }),
  quiet: boolean({ default: false, doc: "Print no progress" }),
  verbose: boolean({ default: false, doc: "Print details" }),
  color: boolean({ default: true, doc: "Colour the output; also off with NO_COLOR" }),
  help: boolean({ short: "h", default: false, doc: "Print this help" }),
};

/** Values of {@linkcode commonOptions}. */
export type CommonValues = Values<CommonOptions>;
