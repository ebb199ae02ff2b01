/**
 * What the manifest says of a torch capture, under `capture`.
 *
 * @module
 */

/** Why recording ended. */
export type WindowEnd =
  | "the load was answered"
  | "the steps were recorded"
  | "the seconds had passed"
  | "the memory had grown"
  | "the script's call had ended"
  | "the script stopped it"
  | "it was interrupted"
  | "it failed";

/** A trace in the bundle. */
export interface CapturedTrace {
  /** Relative to the bundle's folder. */
  path: string;
  role: "rank" | "front end";
  /** Of a worker; with `dp`, within that data-parallel group. */
  rank?: number;
  dp?: number;
  bytes: number;
  /** Whether it can be read to its end. */
  whole: boolean;
}

/** The part of the manifest that only a torch capture has. */
export interface TorchCapture {
  form: "server" | "attached" | "offline";
  /** What gave the requests. */
  load: string;
  window: {
    delay_iterations: number;
    max_iterations: number;
    max_seconds: number;
    max_bytes: number;
    /** Why it ended; absent where it never began. */
    ended?: WindowEnd;
    /** From the start of the profiler to the stop. */
    seconds?: number;
    /** From the stop to the last byte. */
    flush_seconds?: number;
  };
  /** Workers that should have left a trace, where that is known. */
  ranks_expected?: number;
  traces: CapturedTrace[];
  /** The file to open in Perfetto, relative to the bundle's folder. */
  open_in_perfetto?: string;
}
