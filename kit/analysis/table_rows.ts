/**
 * The rows of a session's table, one by one.
 *
 * @module
 */

import { columnReader, readCsv } from "../bundle/files/csv_file.ts";
import { SESSION_TABLES, type SessionTableName } from "../bundle/session/session_tables.ts";
import type { FileSystem } from "../contract/context.ts";

/** The text of a row's cell; "" where the file lacks the column. */
export type Cell = (column: string) => string;

/** The number in a row's cell; NaN where it is empty. */
export type NumberCell = (column: string) => number;

/**
 * Streams a table; does nothing where it is missing. `pause` is awaited after each block of rows,
 * for those who write while they read. Needs read permission.
 *
 * @returns How many rows there were, and how many last lines were cut off.
 */
export function eachRow(
  files: FileSystem,
  dir: string,
  name: SessionTableName,
  take: (cell: Cell, number: NumberCell) => void,
  pause?: () => Promise<void>,
): Promise<{ rows: number; cut: number } | undefined> {
  return eachRowOf(files, `${dir}/${SESSION_TABLES[name].path}`, take, pause);
}

/** The same for a table of any name, by its path. */
export async function eachRowOf(
  files: FileSystem,
  path: string,
  take: (cell: Cell, number: NumberCell) => void,
  pause?: () => Promise<void>,
): Promise<{ rows: number; cut: number } | undefined> {
  const stream = await readCsv(files, path);
  if (!stream) return undefined;
  const read = columnReader(stream.header);
  let rows = 0;
  for await (const batch of stream.batches) {
    for (const row of batch) {
      rows++;
      take((column) => read(row, column), (column) => {
        const text = read(row, column);
        return text === "" ? NaN : Number(text);
      });
    }
    await pause?.();
  }
  return { rows, cut: stream.cut.lines };
}

/** Whether a row is of the first rank: with tensor parallelism every rank has a row of its own. */
export function ofFirstRank(cell: Cell): boolean {
  return cell("rank") === "" || cell("rank") === "0";
}
