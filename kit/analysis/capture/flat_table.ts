/**
 * A part of an analysis as a flat table, for CSV.
 *
 * @module
 */

import { safeCell } from "../../bundle/files/safe_cell.ts";
import { UsageError } from "../../contract/errors.ts";

/** A cell; undefined is an empty one. */
export type Cell = string | number | undefined;

/** A table. */
export interface FlatTable {
  readonly header: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** The parts of a document that are tables; `timeline` is the one of its slices. */
function tableNames(document: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(document).filter((name) => rowsOf(document, name) !== undefined);
}

/**
 * A part as a table. What is nested gets the names of both, as `elapsed_ms_p50`; a part that is no
 * list has one row.
 *
 * @throws UsageError when the document has no such part.
 */
export function flatTable(document: Readonly<Record<string, unknown>>, name: string): FlatTable {
  const rows = rowsOf(document, name);
  if (!rows) {
    throw new UsageError(
      `Cannot print the table "${name}": this capture has ${tableNames(document).join(", ")}`,
    );
  }
  const flat = rows.map((row) => Object.fromEntries(flattened("", row)));
  const header = [...new Set(flat.flatMap((row) => Object.keys(row)))];
  return { header, rows: flat.map((row) => header.map((column) => row[column])) };
}

/** A table as CSV, with a header and a line end behind each row. */
export function csvText({ header, rows }: FlatTable): string {
  const cell = (value: Cell) => {
    const text = value === undefined ? "" : safeCell(value);
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [header, ...rows].map((row) => `${row.map(cell).join(",")}\n`).join("");
}

function rowsOf(
  document: Readonly<Record<string, unknown>>,
  name: string,
): readonly object[] | undefined {
  const part = document[name];
  if (Array.isArray(part)) return part;
  if (typeof part !== "object" || part === null) return undefined;
  const { slices } = part as { slices?: readonly object[] };
  return slices ?? [part];
}

function flattened(prefix: string, row: object): [string, Cell][] {
  return Object.entries(row).flatMap(([key, value]): [string, Cell][] => {
    const name = prefix === "" ? key : `${prefix}_${key}`;
    if (Array.isArray(value)) return [[name, value.join(" ")]];
    if (typeof value === "object" && value !== null) return flattened(name, value);
    return [[name, typeof value === "boolean" ? String(value) : value as Cell]];
  });
}
