/**
 * One step on the host: the CPU operators of its threads, and what called what.
 *
 * @module
 */

import type { Category } from "./model.ts";

/** An operator's run. */
export interface HostSlice {
  readonly name: string;
  readonly category: Category;
  /** 0 for one that no other operator called. */
  readonly depth: number;
  /** From the step's start. */
  readonly start_ns: number;
  readonly duration_ns: number;
}

/** A step of middle length, of the phase that most steps have. */
export interface HostTimeline {
  /** Its place in `steps`. */
  readonly iteration: number;
  /** Place of the file in `sources`. */
  readonly source: number;
  readonly elapsed_ns: number;
  /** The threads that had work, the busiest first. */
  readonly threads: readonly { readonly slices: readonly HostSlice[] }[];
  /** Slices beyond the first few thousand, which are not listed. */
  readonly left_out: number;
}
