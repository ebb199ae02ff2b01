/**
 * Cells of a CSV as values of their column's type.
 *
 * @module
 */

import type { ColumnType } from "../../../bundle/session/session_columns.ts";

/** A value; null where there is none. */
export type Value = bigint | number | boolean | string | null;

/** How the hooks write that a number has no value. */
const NONE = "None";

/** Reads a cell; undefined is one that is not of the type. */
export function valueOf(type: ColumnType, text: string): Value | undefined {
  if (type === "text") return text === "" ? null : text;
  if (text === "" || text === NONE) return null;
  if (type === "boolean") {
    return /^true$/i.test(text) ? true : /^false$/i.test(text) ? false : undefined;
  }
  if (type === "integer") {
    if (!/^[+-]?\d+$/.test(text)) return undefined;
    const value = BigInt(text.replace(/^\+/, ""));
    return BigInt.asIntN(64, value) === value ? value : undefined;
  }
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return NaN;
  const value = Number(text);
  return Number.isNaN(value) || text.trim() !== text ? undefined : value;
}

/** The narrowest type that all of a column's cells have, found cell by cell. */
export class Guess {
  #types: ColumnType[] = ["integer", "number", "boolean"];
  #seen = false;

  take(text: string): void {
    if (text === "" || text === NONE) return;
    this.#seen = true;
    this.#types = this.#types.filter((type) => valueOf(type, text) !== undefined);
  }

  type(): ColumnType {
    return this.#seen ? this.#types[0] ?? "text" : "text";
  }
}
