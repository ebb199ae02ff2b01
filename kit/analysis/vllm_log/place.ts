/**
 * Where in which file a line stands.
 *
 * @module
 */

import type { Stamp } from "./stamp.ts";

/** So many rows a table has at most; its figures are of all lines. */
export const MOST_ROWS = 100_000;

/** A line's place. */
export interface Place {
  /** Place of the file in `sources`. */
  readonly source: number;
  /** From 1 on. */
  readonly line: number;
  readonly stamp?: Stamp;
  /** The stamp on the file's clock. */
  readonly seconds?: number;
  readonly pid?: number;
}
