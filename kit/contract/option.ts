/**
 * What an option of a recipe is: declared once, and everything else is made from the declaration.
 *
 * @module
 */

/** The kinds of value. */
export type OptionType =
  | "integer"
  | "number"
  | "duration"
  | "bytes"
  | "boolean"
  | "text"
  | "path"
  | "choice"
  | "list";

/**
 * One option. `T` is what the recipe's code gets.
 *
 * @example A kind of option of your own
 * ```ts
 * import assert from "node:assert/strict";
 * import { integer, type Option, type Options, type OptionType, type Values } from "@vscope/vscope";
 *
 * const even: Option<number | undefined> = {
 *   ...integer({ doc: "A number of pairs" }),
 *   parse(text) {
 *     const value = Number(text);
 *     if (value % 2 !== 0) throw new RangeError("an even number");
 *     return value;
 *   },
 * };
 * const options = { even } satisfies Options;
 * const values: Values<typeof options> = { even: options.even.parse("4") };
 * const type: OptionType = even.type;
 * assert.deepEqual([values.even, type], [4, "integer"]);
 * ```
 */
export interface Option<T> {
  /** The kind of its value. */
  readonly type: OptionType;
  /** What it does, for `--help` and the docs. */
  readonly doc: string;
  /** Environment variable; `VSCOPE_<NAME>` where none is given. */
  readonly env?: string;
  /** One letter, as `-h`. */
  readonly short?: string;
  /** Value without flag, variable and file; where there is none the value may be undefined. */
  readonly default?: T;
  /** What a flag without a value means, where its value may be left out. */
  readonly bare?: string;
  /** Smallest value. */
  readonly min?: number;
  /** Largest value. */
  readonly max?: number;
  /** Values of a `choice`, or of the elements of a `list`. */
  readonly choices?: readonly string[];
  /** Unit of the number that the recipe gets. */
  readonly unit?: string;
  /** Has no flag, and is shown and stored as `set`. */
  readonly secret?: boolean;
  /** What a path leads to, for completions. */
  readonly leadsTo?: "file" | "folder";
  /** Reads a text; a RangeError says what is wanted, as `a whole number from 1 to 9`. */
  parse(text: string): T;
  /** Writes a value so that `parse` reads it back. */
  format(value: T): string;
  /** The JSON Schema of the value. */
  readonly schema: Readonly<Record<string, unknown>>;
}

/** The options of a recipe by the names that its code uses. */
// deno-lint-ignore no-explicit-any -- each option has a type of its own, which Values recovers
export type Options = Readonly<Record<string, Option<any>>>;

/** What the recipe's code gets: one typed value per option. */
export type Values<O extends Options> = {
  readonly [Name in keyof O]: O[Name] extends Option<infer T> ? T : never;
};

/**
 * `maxNumSeqs` → `max-num-seqs`.
 *
 * @example How a flag is called
 * ```ts
 * import assert from "node:assert/strict";
 * import { flagOf } from "@vscope/vscope";
 *
 * assert.equal(flagOf("maxNumSeqs"), "max-num-seqs");
 * ```
 */
export function flagOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/**
 * The environment variable of an option.
 *
 * @example How a variable is called
 * ```ts
 * import assert from "node:assert/strict";
 * import { envOf, integer } from "@vscope/vscope";
 *
 * assert.equal(envOf("maxTries", integer({ doc: "How often" })), "VSCOPE_MAX_TRIES");
 * assert.equal(envOf("maxTries", integer({ doc: "How often", env: "TRIES" })), "TRIES");
 * ```
 */
export function envOf(name: string, option: Option<unknown>): string {
  return option.env ?? `VSCOPE_${flagOf(name).replaceAll("-", "_").toUpperCase()}`;
}
