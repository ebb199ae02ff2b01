/**
 * Where the value of each option comes from: flag over environment over file over default.
 *
 * @module
 */

import type { Arguments } from "./argv.ts";
import { UsageError } from "./errors.ts";
import { envOf, flagOf, type Option, type Options, type Values } from "./option.ts";

/** Where a value came from. */
export type Source = "flag" | "environment" | "config" | "default";

/** A value as it is shown and stored; a secret is the word `set`. */
export interface ResolvedValue {
  /** The value, or `set`; undefined for an option that has none. */
  value?: unknown;
  /** Which of the four places it is from. */
  source: Source;
  /** The flag, the variable or the file. */
  from?: string;
}

/** Options with their values. */
export interface Resolution<O extends Options> {
  /** One typed value per option. */
  values: Values<O>;
  /** By flag name, as in `vscope.yaml`. */
  contract: Record<string, ResolvedValue>;
}

/** Values of a configuration file for one command, by option name. */
export interface FileValues {
  /** The file, for messages. */
  path: string;
  /** Values by option name, as YAML gives them. */
  values: Readonly<Record<string, unknown>>;
}

/**
 * Gives every option its value.
 *
 * @throws {UsageError} when a value is of the wrong kind or out of bounds.
 *
 * @example A variable goes before the file, and a flag before both
 * ```ts
 * import assert from "node:assert/strict";
 * import {
 *   type Arguments,
 *   type FileValues,
 *   integer,
 *   type Resolution,
 *   resolve,
 *   type ResolvedValue,
 *   type Source,
 * } from "@vscope/vscope";
 *
 * const options = { times: integer({ default: 1, doc: "How often" }) };
 * const file: FileValues = { path: "vscope.yaml", values: { times: 2 } };
 * const env = { VSCOPE_TIMES: "3" };
 * const given: Resolution<typeof options> = resolve("wait", options, { env, file });
 * const { source, from }: ResolvedValue = given.contract["times"]!;
 * const variable: Source = "environment";
 * assert.deepEqual([given.values.times, source, from], [3, variable, "VSCOPE_TIMES"]);
 *
 * const flags: Arguments["flags"] = { times: { text: "4", from: "--times" } };
 * assert.equal(resolve("wait", options, { flags, env, file }).values.times, 4);
 * ```
 */
export function resolve<O extends Options>(
  subject: string,
  options: O,
  given: {
    flags?: Arguments["flags"];
    env?: Readonly<Record<string, string>>;
    file?: FileValues | undefined;
  },
): Resolution<O> {
  const values: Record<string, unknown> = {};
  const contract: Record<string, ResolvedValue> = {};
  for (const [name, option] of Object.entries(options)) {
    const found = find(subject, name, option, given);
    values[name] = found.value;
    contract[flagOf(name)] = option.secret && found.value !== undefined
      ? { ...found, value: "set" }
      : found;
  }
  return { values: values as Values<O>, contract };
}

function find(
  subject: string,
  name: string,
  option: Option<unknown>,
  given: Parameters<typeof resolve>[2],
): ResolvedValue {
  const flag = given.flags?.[name];
  if (flag) {
    const value = read(subject, option, flag.text, `option "${flag.from}"`);
    return { value, source: "flag", from: flag.from };
  }
  const variable = envOf(name, option);
  const text = given.env?.[variable];
  // An empty variable means off to a switch, and to everything else that it is not set.
  if (text !== undefined && (text !== "" || option.type === "boolean")) {
    const value = read(subject, option, text, `environment variable ${variable}`);
    return { value, source: "environment", from: variable };
  }
  const written = given.file?.values[name];
  if (written !== undefined && written !== null) {
    const plain = Array.isArray(written) ? written.join(",") : String(written);
    const value = read(subject, option, plain, `"${name}" in ${given.file!.path}`);
    return { value, source: "config", from: given.file!.path };
  }
  return { value: option.default, source: "default" };
}

function read(subject: string, option: Option<unknown>, text: string, where: string): unknown {
  try {
    return option.parse(text);
  } catch (error) {
    const shown = option.secret ? "its value" : JSON.stringify(text);
    throw new UsageError(
      `Cannot run ${subject}: ${where} is ${shown}; give ${(error as Error).message}`,
    );
  }
}
