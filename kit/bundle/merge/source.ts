/**
 * What the writers of a session's tables share.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { CsvWriter } from "../files/csv_file.ts";
import type { RawProcess } from "./raw_session.ts";
import { Samples } from "./samples.ts";
import { columnsOf, SESSION_TABLES, type SessionTableName } from "../session/session_tables.ts";
import type { StepAdjustments } from "./step_adjustments.ts";

/** What the table writers share. */
export interface MergeSource {
  files: FileSystem;
  session: string;
  processes: readonly RawProcess[];
  adjustments: StepAdjustments;
  cut: { lines: number };
}

/** Milliseconds per phase or operation. */
export type Timings = Map<string, Samples>;

/** The samples of a name, made on first use. */
export function samplesOf(timings: Timings, name: string): Samples {
  let samples = timings.get(name);
  if (!samples) timings.set(name, samples = new Samples());
  return samples;
}

/** Opens a table of the bundle for writing. */
export function open(source: MergeSource, name: SessionTableName): Promise<CsvWriter> {
  const table = SESSION_TABLES[name];
  return CsvWriter.create(source.files, `${source.session}/${table.path}`, columnsOf(table));
}

/** Whether a process that made no rows was watched by the profiler that fills the table. */
export function watched(source: MergeSource, profiler: string): boolean {
  return source.processes.some((process) =>
    process.hooks.some((hook) => hook.name === profiler && hook.status !== "absent")
  );
}
