/**
 * What the manifest says of an ncu capture, under `capture`.
 *
 * @module
 */

import type { MeasuredBy } from "./plan.ts";

/** Why measuring ended. */
export type NcuWindowEnd =
  | "the launches were measured"
  | "the load was answered"
  | "the load ended it"
  | "the seconds had passed"
  | "the command had ended"
  | "the call had ended"
  | "ncu could not measure"
  | "it was interrupted"
  | "it failed";

/** The part of the manifest that only an ncu capture has. */
export interface NcuCapture {
  by: MeasuredBy;
  /** What gave the requests. */
  load: string;
  ncu: { path: string; version: string };
  kernels: {
    /** What was asked for, in words. */
    chosen: string;
    /** The expression that ncu was given; absent: every kernel. */
    regex?: string;
    skip: number;
    count: number;
    filter_mode: string;
    /** Launches that ncu says it has measured. */
    measured?: number;
    /** Of these, what is of a kind that was not asked for, by kind. */
    left_out?: Record<string, number>;
  };
  window: {
    max_seconds: number;
    ended?: NcuWindowEnd;
    /** From the start of the profiler to its end, as far as vscope saw them. */
    seconds?: number;
    /** From there to the end of ncu. */
    report_seconds?: number;
  };
  cache_control: string;
  clock_control: string;
  cuda_graphs: "eager" | "node" | "graph";
  /** What vLLM was given besides its command, by the names of its EngineArgs. */
  engine_arguments?: Record<string, unknown>;
  /** The report for the GUI, relative to the bundle's folder; absent where it was not kept. */
  report?: string;
  /** The command that opens it. */
  open_with?: string;
  /** The table, relative to the bundle's folder. */
  table?: string;
  secrets?: {
    /** Variables of the environment that the command did not get. */
    variables_left_behind: number;
    /** What the report held that it should not; empty where the proof holds. */
    found_in_report: string[];
  };
}
