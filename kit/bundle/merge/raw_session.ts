/**
 * What the hooks leave in a session before it is merged: one folder per process, with
 * `process.json` and the tables of that process.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { columnReader, type CsvStream, readCsv } from "../files/csv_file.ts";
import type { RawOwnTable } from "../session/own_tables.ts";

/** Folder of the per-process folders within a session. */
export const PROCESSES = "processes";

/** A process's own record (`process.json`), as the Python recorder writes it. */
export interface RawProcess {
  /** `<role>-<pid>`. */
  name: string;
  /** Folder, with the session's path. */
  dir: string;
  pid: number;
  role: string;
  rank?: number;
  host?: string;
  started_sec?: number;
  updated_sec?: number;
  /** When it was about to end, as far as it knew; null while it runs, or where it was killed. */
  ended_sec?: number | null;
  versions: Record<string, string>;
  engine: Record<string, unknown>;
  hooks: { name: string; symbol: string; status: string; reason?: string }[];
  /** Tables of the user's own profilers, by name. */
  tables?: Record<string, RawOwnTable>;
  dropped: Record<string, number>;
  errors: string[];
  paused: [number, number | null][];
  /** Profilers that were paused by name at some time. */
  rested: string[];
  /** Seconds that each profiler took of the process's own time. */
  cost_sec: Record<string, number>;
  /** Profilers that were turned off because they cost too much, with the reason. */
  turned_down: Record<string, string>;
  cuda_device?: { name: string; memory_bytes: number } | null;
}

/** The processes of a session, by name; a record that cannot be read is named in `unreadable`. */
export async function readRawProcesses(
  files: FileSystem,
  session: string,
): Promise<{ processes: RawProcess[]; unreadable: string[] }> {
  const processes: RawProcess[] = [];
  const unreadable: string[] = [];
  for (const name of await folders(files, `${session}/${PROCESSES}`)) {
    const dir = `${session}/${PROCESSES}/${name}`;
    try {
      const text = await files.readTextFile(`${dir}/process.json`);
      const { rank, ...rest } = JSON.parse(text) as
        & Partial<Omit<RawProcess, "rank">>
        & Pick<RawProcess, "pid" | "role">
        & { rank?: number | null };
      const lost = await readLosses(files, dir);
      processes.push({
        versions: {},
        engine: {},
        hooks: [],
        errors: [],
        paused: [],
        rested: [],
        cost_sec: {},
        turned_down: {},
        ...rest,
        ...lost,
        dropped: { ...rest.dropped, ...lost.dropped },
        ...(typeof rank === "number" ? { rank } : {}),
        name,
        dir,
      });
    } catch {
      unreadable.push(name);
    }
  }
  return { processes, unreadable };
}

/** What a process noted while the disk had no room for its whole record: newer than that. */
async function readLosses(
  files: FileSystem,
  dir: string,
): Promise<Partial<Pick<RawProcess, "dropped" | "errors" | "ended_sec">>> {
  const text = await files.readTextFile(`${dir}/losses.json`).catch(() => "");
  return text.trim() === "" ? {} : JSON.parse(text);
}

async function folders(files: FileSystem, path: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const entry of files.readDir(path)) if (entry.isDirectory) names.push(entry.name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names.sort();
}

/** A row of one process's table. */
export interface RawRow {
  /** The cell of a column; "" where the file lacks it. */
  get(column: string): string;
  /** The cell as a number; undefined where it is empty. */
  number(column: string): number | undefined;
  process: RawProcess;
}

/**
 * The rows of a table of all processes, merged by `timestamp_sec`.
 *
 * Memory is bounded by one block per process. `cut` counts last lines that the writer could not
 * finish.
 */
export async function* mergedRows(
  files: FileSystem,
  processes: readonly RawProcess[],
  table: string,
  cut: { lines: number },
): AsyncGenerator<RawRow> {
  const heads: { row: RawRow; time: number; next: () => Promise<RawRow | undefined> }[] = [];
  for (const process of processes) {
    const stream = await readCsv(files, `${process.dir}/${table}.csv`);
    if (stream === undefined) continue;
    const next = rowReader(stream, process, cut);
    const row = await next();
    if (row) heads.push({ row, time: row.number("timestamp_sec") ?? 0, next });
  }
  while (heads.length > 0) {
    let first = heads[0]!;
    for (const head of heads) if (head.time < first.time) first = head;
    yield first.row;
    const row = await first.next();
    if (row) {
      first.row = row;
      first.time = row.number("timestamp_sec") ?? first.time;
    } else {
      heads.splice(heads.indexOf(first), 1);
    }
  }
}

function rowReader(
  stream: CsvStream,
  process: RawProcess,
  cut: { lines: number },
): () => Promise<RawRow | undefined> {
  const read = columnReader(stream.header);
  const batches = stream.batches[Symbol.asyncIterator]();
  let batch: string[][] = [];
  let place = 0;
  return async () => {
    while (place >= batch.length) {
      const next = await batches.next();
      if (next.done) {
        cut.lines += stream.cut.lines;
        return undefined;
      }
      batch = next.value;
      place = 0;
    }
    const cells = batch[place++]!;
    return {
      process,
      get: (column) => read(cells, column),
      number: (column) => {
        const text = read(cells, column);
        const value = text === "" ? NaN : Number(text);
        return Number.isFinite(value) ? value : undefined;
      },
    };
  };
}
