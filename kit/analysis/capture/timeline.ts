/**
 * One step of a capture in full: what its picture is drawn from.
 *
 * @module
 */

import type { Category } from "./model.ts";

/** A kernel, a copy or a fill on a stream. */
export interface TimelineSlice {
  readonly name: string;
  /** `copy` for copies and fills. */
  readonly category: Category | "copy";
  readonly device: number;
  readonly stream: number;
  /** From the step's start; negative for work that was launched before and still ran. */
  readonly start_ns: number;
  readonly duration_ns: number;
  /** When the host launched it, from the step's start; absent where it is not known. */
  readonly launched_ns?: number;
  readonly in_graph?: true;
}

/** A step of middle length, of the phase that most steps have. */
export interface Timeline {
  /** Its place in `steps`. */
  readonly iteration: number;
  /** Place of the file in `sources`. */
  readonly source: number;
  /** The host's range around the step. */
  readonly elapsed_ns: number;
  readonly slices: readonly TimelineSlice[];
  /** Slices beyond the first few thousand, which are not listed. */
  readonly left_out: number;
}
