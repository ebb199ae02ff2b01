/**
 * Launches of one name, or of one category, as one row.
 *
 * @module
 */

import type { NcuFigures, NcuGroupRow, NcuKernelRow, NcuRoofline } from "../capture/ncu_model.ts";
import { judged } from "./figures.ts";

/** Shares and rates whose mean over launches is weighted by time. */
const WEIGHTED = [
  "dram_pct",
  "memory_pct",
  "sm_pct",
  "tensor_pct",
  "occupancy_pct",
  "theoretical_occupancy_pct",
] as const;

/** Rows by what `keyOf` tells, by time, falling. A figure that a launch with a time lacks is absent. */
export function groupsOf(
  rows: readonly NcuKernelRow[],
  keyOf: (row: NcuKernelRow) => string,
  roofline: NcuRoofline | undefined,
): NcuGroupRow[] {
  const groups = new Map<string, NcuKernelRow[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group) group.push(row);
    else groups.set(keyOf(row), [row]);
  }
  const all = timeOf(rows);
  return [...groups].map(([name, group]): NcuGroupRow => {
    const timed = group.filter(({ duration_ns }) => duration_ns !== undefined);
    const time = timeOf(timed);
    return {
      name,
      category: group[0]!.category,
      launches: group.length,
      ...(timed.length < group.length
        ? { launches_without_time: group.length - timed.length }
        : {}),
      ...(timed.length === 0 ? {} : { total_ns: time, share: all > 0 ? time / all : 0 }),
      ...(timed.length === 0 ? {} : judged(together(timed, time), roofline)),
    };
  }).sort((a, b) => (b.total_ns ?? 0) - (a.total_ns ?? 0));
}

function timeOf(rows: readonly NcuKernelRow[]): number {
  return rows.reduce((sum, { duration_ns = 0 }) => sum + duration_ns, 0);
}

function together(group: readonly NcuKernelRow[], time: number): NcuFigures {
  const bytes = total(group, "dram_bytes");
  const flops = total(group, "flops");
  const figures: Record<string, number> = {};
  if (time) {
    figures["duration_ns"] = time / group.length;
    for (const name of WEIGHTED) {
      if (group.some((row) => row[name] === undefined)) continue;
      figures[name] = group.reduce((sum, row) => sum + row[name]! * row.duration_ns!, 0) / time;
    }
    if (bytes !== undefined) figures["dram_gbps"] = bytes / time;
    if (flops !== undefined) figures["tflops"] = flops / time / 1000;
  }
  if (bytes !== undefined) figures["dram_bytes"] = bytes;
  if (flops !== undefined) figures["flops"] = flops;
  if (bytes && flops !== undefined) figures["flops_per_byte"] = flops / bytes;
  return figures as NcuFigures;
}

function total(
  rows: readonly NcuKernelRow[],
  name: "dram_bytes" | "flops",
): number | undefined {
  let sum = 0;
  for (const row of rows) {
    const value = row[name];
    if (value === undefined) return undefined;
    sum += value;
  }
  return sum;
}
