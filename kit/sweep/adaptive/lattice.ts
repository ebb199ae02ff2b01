/**
 * What of a block is measured, as a lattice: chosen outer values, each at the chosen inner values.
 *
 * A reader goes along a row from one time to the next, and between two rows. A row with one time, or with
 * fewer than its neighbours, would make worse what lies between: rows are whole or do not count.
 *
 * @module
 */

import { type Block, rising } from "./blocks.ts";

/** The times at a place of the grid, of one layer or several; undefined where they are not measured. */
export type TimesAt = (place: number) => readonly number[] | undefined;

/** A lattice. */
export interface Lattice {
  readonly block: Block;
  /** Outer places whose row is measured at both ends, rising. */
  readonly rows: readonly number[];
  /** Inner places that are chosen for all rows, rising. */
  readonly columns: readonly number[];
  /** Places of the grid that the lattice lacks. */
  readonly open: readonly number[];
}

/** The lattice that the measured times make. */
export function latticeOf(block: Block, times: TimesAt): Lattice {
  const { outer, inner } = block;
  const has = (row: number, column: number) => {
    const place = block.cell(row, column);
    return place !== undefined && times(place) !== undefined;
  };
  const bounds = [0, outer.length - 1];
  const whole = outer.keys().filter((row) => block.ends(row).every((end) => has(row, end)));
  const rows = rising([...bounds, ...whole]);
  // In one row alone it may be a probe.
  const columns = inner.keys().filter((column) =>
    bounds.every((row) => has(row, column) || block.cell(row, column) === undefined) &&
    bounds.some((row) => has(row, column))
  ).toArray();
  const open: number[] = [];
  for (const row of rows) {
    for (const column of rising([...columns, ...block.ends(row)])) {
      const place = block.cell(row, column);
      if (place !== undefined && times(place) === undefined) open.push(place);
    }
  }
  return { block, rows, columns, open };
}

/** Whether a lattice has its corners, so that times can be read from it. */
export function isReadable({ block, rows }: Lattice, times: TimesAt): boolean {
  return [rows[0]!, rows.at(-1)!].every((row) =>
    block.ends(row).every((end) => times(block.cell(row, end)!) !== undefined)
  );
}

/**
 * The times at a cell as both methods of prediction read them from the lattice without that cell: along
 * straight lines, between the row below and the row above.
 */
export function readCell(
  { block, rows, columns }: Lattice,
  times: TimesAt,
  outer: number,
  inner: number,
): readonly number[] {
  const inRow = (row: number): readonly number[] => {
    const value = block.inner[inner]!;
    const nodes = rising([...columns, ...block.ends(row)]).filter((column) => {
      const place = block.cell(row, column);
      return place !== undefined && times(place) !== undefined &&
        !(row === outer && column === inner);
    });
    const above = nodes.find((column) => block.inner[column]! >= value) ?? nodes.at(-1)!;
    const below = nodes.findLast((column) => block.inner[column]! <= value) ?? nodes[0]!;
    const at = (column: number) => times(block.cell(row, column)!)!;
    return between(block.inner[below]!, at(below), block.inner[above]!, at(above), value);
  };
  if (rows.includes(outer)) return inRow(outer);
  const above = rows.find((row) => row > outer)!;
  const below = rows.findLast((row) => row < outer)!;
  const { outer: values } = block;
  return between(values[below]!, inRow(below), values[above]!, inRow(above), values[outer]!);
}

/** A straight line between two vectors of times. */
export function between(
  from: number,
  start: readonly number[],
  to: number,
  end: readonly number[],
  at: number,
): readonly number[] {
  if (to === from) return start;
  const share = (at - from) / (to - from);
  return start.map((time, layer) => time + share * (end[layer]! - time));
}

/** How far times are from the measured ones: Σ of the differences over Σ of the times. */
export function errorOf(read: readonly number[], measured: readonly number[]): number {
  let [difference, total] = [0, 0];
  for (const [layer, time] of measured.entries()) {
    difference += Math.abs(read[layer]! - time);
    total += time;
  }
  return total > 0 ? difference / total : 0;
}
