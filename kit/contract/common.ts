/**
 * The options that every command has.
 *
 * @module
 */

import type { Values } from "./option.ts";
import { boolean, choice, path } from "./options.ts";

/** Options of every recipe and tool. */
export const commonOptions = {
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
export type CommonValues = Values<typeof commonOptions>;
