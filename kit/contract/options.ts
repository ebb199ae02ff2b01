/**
 * The kinds of options. Each function declares one option of its kind.
 *
 * @module
 */

import type { Option } from "./option.ts";
import { formatBytes, formatDuration, parseBytes, parseDuration } from "./quantities.ts";

/** What every declaration may say. */
export interface Declaration {
  /** What the option does, for `--help` and the docs; without a full stop. */
  doc: string;
  /** Environment variable; `VSCOPE_<NAME>` where none is given. */
  env?: string;
  /** One letter, as `-h`. */
  short?: string;
  /** Unit of the number that the recipe gets. */
  unit?: string;
  /** Has no flag, and is shown and stored as `set`. */
  secret?: boolean;
}

/** Limits of a number, which belong to it. */
export interface Bounds {
  /** Smallest value. */
  min?: number;
  /** Largest value. */
  max?: number;
}

/** The type of the value: without a default it may be missing. */
export type Maybe<T, D> = D extends { default: T } ? T : T | undefined;

/** What a declaration becomes. */
export type Declared<T, D> = Option<Maybe<T, D>>;

/**
 * A whole number.
 *
 * @example A number with limits
 * ```ts
 * import assert from "node:assert/strict";
 * import { type Bounds, type Declaration, integer } from "@vscope/vscope";
 *
 * const limits: Bounds = { min: 1, max: 9 };
 * const about: Declaration = { doc: "How often to wait", env: "TIMES" };
 * const times = integer({ ...about, ...limits, default: 1 });
 * assert.equal(times.parse("3"), 3);
 * assert.throws(() => times.parse("10"), /a whole number from 1 to 9/);
 * ```
 */
export function integer<const D extends Declaration & Bounds & { default?: number }>(
  declaration: D,
): Declared<number, D> {
  return numeric(declaration, "integer", "a whole number", (text) => {
    const value = /^[+-]?\d+$/.test(text) ? Number(text) : NaN;
    return Number.isSafeInteger(value) ? value : NaN;
  }, String);
}

/**
 * A number with or without a fraction. A share of at most 1 may be written as a percentage, and one in percent
 * with its sign.
 *
 * @example A share
 * ```ts
 * import assert from "node:assert/strict";
 * import { number } from "@vscope/vscope";
 *
 * const share = number({ default: 0.9, min: 0, max: 1, doc: "Part of the memory" });
 * assert.equal(share.parse("5e-1"), 0.5);
 * assert.equal(share.parse("50%"), 0.5);
 * ```
 */
export function number<const D extends Declaration & Bounds & { default?: number }>(
  declaration: D,
): Declared<number, D> {
  return numeric(
    declaration,
    "number",
    "a number",
    (text) => {
      const { unit, max } = declaration;
      if (!text.endsWith("%")) return decimal(text);
      if (unit === "%") return decimal(text.slice(0, -1));
      return max !== undefined && max <= 1 ? decimal(text.slice(0, -1)) / 100 : NaN;
    },
    String,
  );
}

function decimal(text: string): number {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN;
}

/**
 * A span of time in seconds, written 30, 30s, 5m, 1h or 250ms.
 *
 * @example Seconds, as people write them; without a default the value may be missing
 * ```ts
 * import assert from "node:assert/strict";
 * import { type Declared, duration, type Maybe } from "@vscope/vscope";
 *
 * const wait: Declared<number, { doc: string }> = duration({ doc: "How long to wait", min: 0 });
 * const seconds: Maybe<number, { doc: string }> = wait.parse("250ms");
 * assert.equal(seconds, 0.25);
 * assert.equal(wait.parse("5m"), 300);
 * ```
 */
export function duration<const D extends Declaration & Bounds & { default?: number }>(
  declaration: D,
): Declared<number, D> {
  return numeric(
    { unit: "s", ...declaration },
    "duration",
    "a duration such as 30s, 5m or 250ms",
    parseDuration,
    formatDuration,
  );
}

/**
 * A size in bytes, written 4096, 64MiB or 2GB.
 *
 * @example A size
 * ```ts
 * import assert from "node:assert/strict";
 * import { bytes } from "@vscope/vscope";
 *
 * assert.equal(bytes({ doc: "Most memory" }).parse("64MiB"), 64 * 1024 * 1024);
 * ```
 */
export function bytes<const D extends Declaration & Bounds & { default?: number }>(
  declaration: D,
): Declared<number, D> {
  return numeric(
    { unit: "bytes", ...declaration },
    "bytes",
    "a size such as 64MiB or 2GB",
    parseBytes,
    formatBytes,
  );
}

function numeric<D extends Declaration & Bounds & { default?: number }>(
  declaration: D,
  type: "integer" | "number" | "duration" | "bytes",
  wanted: string,
  read: (text: string) => number,
  format: (value: number) => string,
): Declared<number, D> {
  const { min, max } = declaration;
  const range = min !== undefined && max !== undefined
    ? ` from ${format(min)} to ${format(max)}`
    : min !== undefined
    ? ` of at least ${format(min)}`
    : max !== undefined
    ? ` of at most ${format(max)}`
    : "";
  const option: Option<number> = {
    ...declaration,
    type,
    parse(text) {
      const value = read(text.trim());
      if (!Number.isFinite(value) || value < (min ?? -Infinity) || value > (max ?? Infinity)) {
        throw new RangeError(wanted + range);
      }
      return value;
    },
    format,
    schema: {
      type: type === "integer" || type === "bytes" ? "integer" : "number",
      ...(min === undefined ? {} : { minimum: min }),
      ...(max === undefined ? {} : { maximum: max }),
    },
  };
  return option as unknown as Declared<number, D>;
}

/**
 * A switch; in the environment and in files `0`, `false` and nothing mean off.
 *
 * @example A switch
 * ```ts
 * import assert from "node:assert/strict";
 * import { boolean } from "@vscope/vscope";
 *
 * const loud = boolean({ default: true, doc: "Say it" });
 * assert.deepEqual(["1", "off", ""].map((text) => loud.parse(text)), [true, false, false]);
 * ```
 */
export function boolean<const D extends Declaration & { default?: boolean }>(
  declaration: D,
): Declared<boolean, D> {
  const option: Option<boolean> = {
    ...declaration,
    type: "boolean",
    parse(text) {
      const word = text.trim().toLowerCase();
      if (["", "0", "false", "no", "off"].includes(word)) return false;
      if (["1", "true", "yes", "on"].includes(word)) return true;
      throw new RangeError("1 or 0");
    },
    format: (value) => value ? "1" : "0",
    schema: { type: "boolean" },
  };
  return option as unknown as Declared<boolean, D>;
}

/**
 * Any text.
 *
 * @example A word
 * ```ts
 * import assert from "node:assert/strict";
 * import { text } from "@vscope/vscope";
 *
 * assert.equal(text({ default: "done", doc: "What is said" }).parse("hello"), "hello");
 * ```
 */
export function text<const D extends Declaration & { default?: string; bare?: string }>(
  declaration: D,
): Declared<string, D> {
  return textual(declaration, { type: "text" });
}

/**
 * A path of a file or a folder.
 *
 * @example A file, which shells complete
 * ```ts
 * import assert from "node:assert/strict";
 * import { path } from "@vscope/vscope";
 *
 * const model = path({ doc: "A config.json", leadsTo: "file" });
 * assert.equal(model.parse("./config.json"), "./config.json");
 * ```
 */
export function path<
  const D extends Declaration & { default?: string; leadsTo?: "file" | "folder" },
>(declaration: D): Declared<string, D> {
  return textual(declaration, { type: "path" });
}

function textual<D extends Declaration & { default?: string }>(
  declaration: D,
  kind: { type: "text" | "path" },
): Declared<string, D> {
  const option: Option<string> = {
    ...declaration,
    ...kind,
    parse(text) {
      if (text === "" || text.includes("\0")) {
        throw new RangeError(kind.type === "path" ? "a path" : "a text that is not empty");
      }
      return text;
    },
    format: (value) => value,
    schema: { type: "string", minLength: 1 },
  };
  return option as unknown as Declared<string, D>;
}

/**
 * One of a few words.
 *
 * @example One of two words
 * ```ts
 * import assert from "node:assert/strict";
 * import { choice } from "@vscope/vscope";
 *
 * const mood = choice({ choices: ["calm", "eager"], default: "calm", doc: "How to wait" });
 * assert.throws(() => mood.parse("angry"), /one of calm, eager/);
 * ```
 */
export function choice<
  const C extends readonly string[],
  const D extends Declaration & { choices: C; default?: C[number] },
>(declaration: D & { choices: C }): Option<Maybe<C[number], D>> {
  const { choices } = declaration;
  const option: Option<string> = {
    ...declaration,
    type: "choice",
    parse(text) {
      if (!choices.includes(text)) throw new RangeError(`one of ${choices.join(", ")}`);
      return text;
    },
    format: (value) => value,
    schema: { enum: choices },
  };
  return option as unknown as Option<Maybe<C[number], D>>;
}

/**
 * Several values of one kind with commas between them; the flag may also be repeated.
 *
 * @example Numbers with commas
 * ```ts
 * import assert from "node:assert/strict";
 * import { integer, list } from "@vscope/vscope";
 *
 * const degrees = list({ of: integer({ min: 1, doc: "A degree" }), default: [1], doc: "TP degrees" });
 * assert.deepEqual(degrees.parse("1,2,4"), [1, 2, 4]);
 * ```
 */
export function list<
  T,
  const D extends Declaration & { default?: readonly T[]; of: Option<T | undefined> },
>(
  declaration: D & { of: Option<T | undefined> },
): Option<Maybe<readonly T[], D>> {
  const { of, ...rest } = declaration;
  const option = {
    ...rest,
    ...(of.choices ? { choices: of.choices } : {}),
    type: "list",
    parse(text: string) {
      try {
        return text.split(",").map((part) => of.parse(part.trim()));
      } catch (error) {
        throw new RangeError(`a list with commas, each ${(error as Error).message}`);
      }
    },
    format: (values: readonly T[]) => values.map((value) => of.format(value)).join(","),
    schema: { type: "array", minItems: 1, items: of.schema },
  };
  return option as unknown as Option<Maybe<readonly T[], D>>;
}
