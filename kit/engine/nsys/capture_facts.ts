/**
 * What the manifest says of an nsys capture, under `capture`.
 *
 * @module
 */

import type { RangeBy } from "./plan.ts";
import type { Scrubbed } from "./scrub.ts";

/** Why recording ended. */
export type NsysWindowEnd =
  | "the load was answered"
  | "the load ended it"
  | "the steps were recorded"
  | "the seconds had passed"
  | "nsys stop ended it"
  | "the command had ended"
  | "the call had ended"
  | "it was interrupted"
  | "it failed";

/** The part of the manifest that only an nsys capture has. */
export interface NsysCapture {
  by: RangeBy;
  /** What gave the requests. */
  load: string;
  nsys: { path: string; version: string; session: string };
  window: {
    max_seconds?: number;
    delay_seconds?: number;
    duration_seconds?: number;
    ended?: NsysWindowEnd;
    /** From the start of the recording to its end, as far as vscope saw them. */
    seconds?: number;
    /** From the end of the recording to the end of nsys. */
    report_seconds?: number;
  };
  /** What was done with a server, one after the other, and how long it took. */
  steps: { name: string; seconds: number }[];
  cuda_graphs: "node" | "graph";
  /** The report for the GUI, relative to the bundle's folder; absent where it was not kept. */
  report?: string;
  /** The command that opens it. */
  open_with?: string;
  /** The export, relative to the bundle's folder. */
  sqlite?: string;
  secrets?: {
    /** Variables of the environment that the command did not get. */
    variables_left_behind: number;
    /** Rows that were changed or taken out of the export, by table. */
    removed_from_sqlite: Scrubbed;
    /** What the report held that it should not; empty where the proof holds. */
    found_in_report: string[];
  };
}
