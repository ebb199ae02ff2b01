/**
 * The rows of `skew.csv` that a fit is made from.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";
import { numberIn, type Table } from "../table.ts";

/** Columns that a fit takes. */
const COLUMNS = [
  "n",
  "pc",
  "kp",
  "kvs",
  "kv_big",
  "kv_mean",
  "t_mean_us",
  "t_max_us",
  "t_skew_us",
] as const;

/** A row. Counts, tokens, and times in the unit of the file, in which a fit is the same. */
export type SkewRow = Readonly<Record<typeof COLUMNS[number], number>>;

/**
 * The rows with an alpha.
 *
 * @param path The file, for messages.
 * @throws {UsageError} where a column is missing or a cell of such a row is no number.
 */
export function skewRows(path: string, table: Table): readonly SkewRow[] {
  const places = new Map(table.header.map((name, place) => [name, place]));
  const missing = [...COLUMNS, "alpha"].filter((column) => !places.has(column));
  if (missing.length > 0) {
    throw new UsageError(
      `Cannot fit ${path}: it lacks the columns ${missing.join(", ")}; give a skew.csv of a sweep`,
    );
  }
  const rows: SkewRow[] = [];
  for (const { line, cells } of table.rows) {
    if (Number.isNaN(numberIn(cells[places.get("alpha")!]))) continue;
    rows.push(
      Object.fromEntries(COLUMNS.map((column) => {
        const cell = cells[places.get(column)!];
        const value = numberIn(cell);
        if (value === undefined || !Number.isFinite(value)) {
          throw new UsageError(
            `Cannot fit ${path}: line ${line} has ${JSON.stringify(cell ?? "")} as ${column}; ` +
              "a row with an alpha needs a number there",
          );
        }
        return [column, value];
      })) as unknown as SkewRow,
    );
  }
  return rows;
}
