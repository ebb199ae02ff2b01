/**
 * The tables that profilers of the user's own fill, as these have declared them.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { CsvWriter } from "../files/csv_file.ts";
import type { MergeSource } from "../merge/source.ts";
import { mergedRows, type RawProcess } from "../merge/raw_session.ts";
import { type Column, type ColumnType, SESSION_COLUMNS } from "./session_columns.ts";
import { SESSION_TABLES } from "./session_tables.ts";

/** Folder of a bundle with the profilers' files, and with the tables that they filled. */
export const OWN_FOLDER = "profilers";

/** A column, as its profiler declared it. */
export interface OwnColumn extends Column {
  /** As it stands in the header. */
  readonly name: string;
  /** What it holds. */
  readonly doc?: string;
}

/** A table, as it stands in the manifest. */
export interface OwnTable {
  /** Of the table and of the profiler that fills it. */
  readonly name: string;
  /** Relative to the bundle's folder. */
  readonly path: string;
  /** Name and version of the schema. */
  readonly schema: string;
  /** What a row is. */
  readonly row: string;
  /** vLLM's methods that the profiler watches, those that it found or not. */
  readonly symbols: readonly string[];
  /** All columns, in the order of the file. */
  readonly columns: readonly OwnColumn[];
}

/** What `process.json` says of such a table. */
export interface RawOwnTable {
  readonly version?: number;
  readonly row?: string;
  readonly symbols?: readonly string[];
  readonly columns?: readonly Partial<OwnColumn>[];
}

/** Columns that vscope adds: the first one, and those behind the profiler's own. */
const FIRST = ["timestamp_sec"] as const;
const LAST = ["step", "rank", "pid"] as const;
const TYPES: readonly ColumnType[] = ["integer", "number", "boolean", "text"];
const NAME = /^[a-z][a-z0-9_]{0,63}$/;

/** The tables that the processes declared; the first that declared one says what it holds. */
export function ownTables(processes: readonly RawProcess[]): OwnTable[] {
  const found = new Map<string, OwnTable>();
  for (const { tables } of processes) {
    for (const [name, raw] of Object.entries(tables ?? {})) {
      if (found.has(name) || !NAME.test(name) || Object.hasOwn(SESSION_TABLES, name)) continue;
      found.set(name, ownTable(name, raw));
    }
  }
  return [...found.values()].sort((a, b) => a.name < b.name ? -1 : 1);
}

function ownTable(name: string, raw: RawOwnTable): OwnTable {
  const ours = (column: string): OwnColumn => ({ name: column, ...SESSION_COLUMNS[column]! });
  const own = (raw.columns ?? []).flatMap(({ name: column, type, unit, doc }): OwnColumn[] =>
    column === undefined || !NAME.test(column) ? [] : [{
      name: column,
      type: TYPES.find((known) => known === type) ?? "text",
      ...(unit === undefined ? {} : { unit }),
      ...(doc === undefined ? {} : { doc }),
    }]
  );
  return {
    name,
    path: `${OWN_FOLDER}/${name}.csv`,
    schema: `${name}@${raw.version ?? 1}`,
    row: raw.row ?? `a row of ${name}`,
    symbols: raw.symbols ?? [],
    columns: [...FIRST.map(ours), ...own, ...LAST.map(ours)],
  };
}

/** The columns of a table that its profiler declared itself. */
export function declaredColumns({ columns }: OwnTable): readonly OwnColumn[] {
  return columns.slice(FIRST.length, columns.length - LAST.length);
}

/** Merges the tables of all processes by time; a profiler that watched nothing leaves no table. */
export async function writeOwnTables(source: MergeSource): Promise<void> {
  const { files, session, processes, cut } = source;
  for (const { name, path, columns } of ownTables(processes)) {
    if (!processes.some((process) => isAtWork(process, name))) continue;
    await files.mkdir(`${session}/${OWN_FOLDER}`, { recursive: true });
    const header = columns.map((column) => column.name);
    const writer = await CsvWriter.create(files, `${session}/${path}`, header);
    const read = header.slice(0, -2);
    for await (const row of mergedRows(files, processes, name, cut)) {
      await writer.add([
        ...read.map((column) => row.get(column)),
        row.process.rank,
        row.process.pid,
      ]);
    }
    await writer.close();
  }
}

function isAtWork({ hooks }: RawProcess, profiler: string): boolean {
  return hooks.some(({ name, status }) => name === profiler && status !== "absent");
}

/** Those of the tables that are there. Needs read permission. */
export async function presentOwnTables(
  files: FileSystem,
  dir: string,
  tables: readonly OwnTable[] | undefined,
): Promise<OwnTable[]> {
  const present: OwnTable[] = [];
  for (const table of tables ?? []) {
    const found = await files.stat(`${dir}/${table.path}`).catch(() => undefined);
    if (found?.isFile) present.push(table);
  }
  return present;
}
