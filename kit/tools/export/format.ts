/**
 * What a format of `vscope export` is.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import type { SessionSource } from "./session_source.ts";

/** One export that was asked for. */
export interface ExportJob {
  readonly source: SessionSource;
  /** The table that was asked for, by its name; checked. */
  readonly table?: string;
  /** The file, or the folder of a format that makes several. Absent: standard output. */
  readonly out?: string;
  readonly context: RunContext;
  /** The part that is wanted, as typed; only for formats that are `windowed`. */
  readonly window?: string;
  /** Values over time are wanted, so many seconds apart. */
  readonly backfillSec?: number;
  /** Most events of a timeline, about. */
  readonly maxEvents: number;
}

/** What was written, for `--json` and for people. */
export interface Exported {
  /** Units in the names of numbers. */
  readonly figures: Readonly<Record<string, unknown>>;
  /** Said beside the path, as `7 tables, 1234 rows`. */
  readonly text: string;
}

/** A format. */
export interface ExportFormat {
  readonly name: string;
  /** Whether it wants a table, may be given one, or takes none. */
  readonly table: "required" | "optional" | "none";
  /** Behind the bundle's name where no --out is given; without one it goes to standard output. */
  readonly suffix?: string;
  /** Whether a part of the session can be cut out. */
  readonly windowed?: true;
  write(job: ExportJob): Promise<Exported>;
}
