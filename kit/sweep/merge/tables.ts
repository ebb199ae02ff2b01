/**
 * The rows of several sweeps in one table: each key once.
 *
 * @module
 */

import { SWEEP_TABLES, type TableName } from "../sweep_tables.ts";
import { numberIn, type Table, type TableRow } from "../table.ts";
import { type MergeSource, refused } from "./source.ts";

/** What is done with a row that two sweeps have with other times. */
export type OnConflict = "refuse" | "first" | "last";

/** A table that was merged. */
export interface MergedTable {
  readonly path: string;
  readonly tp: number;
  readonly name: TableName;
  readonly header: readonly string[];
  readonly rows: readonly MergedRow[];
}

/** A row, and the place of the sweep that it is from. */
export interface MergedRow {
  readonly key: readonly (string | number)[];
  readonly cells: readonly string[];
  readonly source: number;
  /** Whether it is made anew of tp1's. */
  readonly copied?: true;
}

/**
 * Merges the tables of sweeps that are of one kind.
 *
 * @throws {UsageError} where a row has other times in two sweeps and that is to be refused, or a table lacks
 * a column.
 */
export function mergeTables(
  sources: readonly MergeSource[],
  onConflict: OnConflict,
): MergedTable[] {
  const paths = [...new Set(sources.flatMap(({ tables }) => [...tables.keys()]))].toSorted();
  const merged = paths.map((path) => mergeTable(sources, path, onConflict));
  return merged.map((table) => withCopies(table, merged, sources));
}

function mergeTable(
  sources: readonly MergeSource[],
  path: string,
  onConflict: OnConflict,
): MergedTable {
  const found = sources.flatMap((source, place) => {
    const table = source.tables.get(path);
    return table ? [{ source, place, ...table }] : [];
  });
  const { tp, name } = found[0]!;
  const { columns } = SWEEP_TABLES[name];
  const trailing = found.flatMap(({ table }) =>
    table.header.filter((column) => !(columns as readonly string[]).includes(column))
  );
  const header = [...columns, ...new Set(trailing)];
  const rows = new Map<string, MergedRow>();
  let conflicts = 0;
  for (const { source, place, table } of found) {
    const lacking = columns.find((column) => !table.header.includes(column));
    if (lacking !== undefined) {
      throw refused(sources[0]!, source, `${path}.csv lacks the column ${lacking}`);
    }
    for (const row of table.rows) {
      const made = mergedRow(row, table, name, header, place);
      const key = JSON.stringify(made.key);
      const there = rows.get(key);
      if (there && there.source !== place && !sameTimes(there, made, header, name)) {
        conflicts++;
        if (onConflict === "refuse") continue;
      }
      if (!there || onConflict === "last") rows.set(key, made);
    }
    if (conflicts > 0 && onConflict === "refuse") {
      throw refused(
        sources[0]!,
        source,
        `${conflicts} rows of ${path}.csv are in both with other times; give --on-conflict first or ` +
          "last, to keep those of the first or of the last that has them",
      );
    }
  }
  const sorted = [...rows.values()];
  // Cases of skew stand in the order in which they were fired.
  if (name !== "skew") sorted.sort(byKey);
  return { path, tp, name, header, rows: sorted };
}

function mergedRow(
  { cells }: TableRow,
  table: Table,
  name: TableName,
  header: readonly string[],
  source: number,
): MergedRow {
  const cell = (column: string) => (cells[table.header.indexOf(column)] ?? "").trim();
  return {
    key: SWEEP_TABLES[name].key.map((column) =>
      column === "layer" ? cell(column) : numberIn(cell(column)) ?? cell(column)
    ),
    cells: header.map(cell),
    source,
  };
}

function sameTimes(
  one: MergedRow,
  other: MergedRow,
  header: readonly string[],
  name: TableName,
): boolean {
  return SWEEP_TABLES[name].times.every((column) => {
    const [left, right] = [one, other].map(({ cells }) => numberIn(cells[header.indexOf(column)]));
    return Object.is(left, right);
  });
}

function byKey({ key: one }: MergedRow, { key: other }: MergedRow): number {
  for (const [place, left] of one.entries()) {
    const right = other[place]!;
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}

/**
 * A layer that is the same at every TP degree is measured once and copied. Its copies are made anew, so that
 * they are those of the rows that were kept.
 */
function withCopies(
  table: MergedTable,
  all: readonly MergedTable[],
  sources: readonly MergeSource[],
): MergedTable {
  const first = all.find(({ tp, name }) => tp === 1 && name === table.name);
  if (!first || table.tp === 1 || table.header[0] !== "layer") return table;
  const layers = new Set(table.rows.map(({ key }) => key[0]));
  const copied = new Set([...layers].filter((layer) => isCopied(String(layer), table, sources)));
  if (copied.size === 0) return table;
  const own = table.rows.filter(({ key }) => !copied.has(key[0]!));
  const copies = first.rows.filter(({ key }) => copied.has(key[0]!)).map((row) => ({
    ...row,
    copied: true as const,
    cells: table.header.map((column) => row.cells[first.header.indexOf(column)] ?? ""),
  }));
  return { ...table, rows: [...own, ...copies].sort(byKey) };
}

function isCopied(layer: string, { path, name }: MergedTable, sources: readonly MergeSource[]) {
  const timesOf = (table: Table | undefined) =>
    new Map(
      (table?.rows ?? []).map((row) =>
        [row, (column: string) => row.cells[table!.header.indexOf(column)]] as const
      )
        .filter(([, cell]) => cell("layer") === layer)
        .map(([, cell]) => [cell(SWEEP_TABLES[name].key[1]!), cell("time_us")]),
    );
  let seen = false;
  for (const { tables } of sources) {
    const own = timesOf(tables.get(path)?.table);
    if (own.size === 0) continue;
    const first = timesOf(tables.get(`tp1/${name}`)?.table);
    if (first.size === 0 || [...own].some(([key, time]) => first.get(key) !== time)) return false;
    seen = true;
  }
  return seen;
}

/** The file. */
export function tableText({ header, rows }: MergedTable): string {
  const quoted = (cell: string) => /[",\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
  return [header, ...rows.map(({ cells }) => cells)].map((cells) => cells.map(quoted).join(","))
    .join("\n") + "\n";
}
