/**
 * Tables of a sweep, whole: they are short, and anybody may have written them.
 *
 * @module
 */

import type { FileSystem } from "../contract/context.ts";
import { loadCsv } from "../deps.ts";

/** A row, and the line of the file that it stands in. */
export interface TableRow {
  readonly line: number;
  readonly cells: readonly string[];
}

/** A table. */
export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly TableRow[];
  /** How its lines end. */
  readonly newline: "\n" | "\r\n";
}

/** Reads a CSV file. Returns nothing where there is none, or it is empty. Needs read permission. */
export async function readTable(
  files: Pick<FileSystem, "readTextFile">,
  path: string,
): Promise<Table | undefined> {
  let text: string;
  try {
    text = await files.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  return parseTable(text, (await loadCsv()).parse);
}

/** Takes a CSV apart; a byte order mark and empty lines are passed over. */
function parseTable(
  text: string,
  parse: (text: string, options: { delimiter: string; skipEmptyLines: boolean }) => {
    data: string[][];
  },
): Table | undefined {
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  const { data } = parse(text.replace(/^\uFEFF/, ""), { delimiter: ",", skipEmptyLines: false });
  const rows = data.map((cells, place) => ({ line: place + 1, cells }))
    .filter(({ cells }) => cells.length > 1 || cells[0]!.trim() !== "");
  const header = rows.shift();
  return header && { header: header.cells.map((name) => name.trim()), rows, newline };
}

/**
 * The number in a cell, as pandas reads it: NaN for an empty cell and its kin.
 *
 * @returns undefined for a text that is no number.
 */
export function numberIn(cell: string | undefined): number | undefined {
  const text = (cell ?? "").trim();
  if (/^(|nan|-nan|na|n\/a|null|none)$/i.test(text)) return NaN;
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}
