/**
 * What the figures of Nsight Compute say, with their evidence and what to do about it.
 *
 * @module
 */

import type { CaptureAnalysis } from "../capture/model.ts";
import type { NcuGroupRow } from "../capture/ncu_model.ts";
import { type Finding, percent } from "../findings.ts";
import { THRESHOLDS as LIMIT } from "../thresholds.ts";

/** So many kernels are spoken of. */
const MOST_KERNELS = 3;

const ADVICE = {
  memory: "It moves bytes as fast as the device can: fewer bytes (quantised weights or KV cache, " +
    "fused kernels) help, faster arithmetic does not",
  compute: "It computes as fast as the device can: lower precision or less work help",
  latency: "Neither memory nor arithmetic is near its peak: the launch is too small to fill the " +
    "device, or waits within itself; larger batches or fused kernels help",
} as const;

/** The findings, in no order. */
export function findNcuFindings(
  { ncu_by_kernel = [], ncu_kernels = [] }: CaptureAnalysis,
): Finding[] {
  return [
    ...ncu_by_kernel.filter(({ share = 0 }) => 100 * share >= LIMIT.heavyKernel.value)
      .slice(0, MOST_KERNELS).flatMap(limits),
    ...occupancy(ncu_by_kernel),
    ...unmeasured(ncu_kernels.filter(({ duration_ns }) => duration_ns === undefined).length),
  ];
}

function limits(row: NcuGroupRow): Finding[] {
  const { name, bound, share = 0, memory_pct, dram_pct, sm_pct } = row;
  if (bound === undefined) return [];
  return [{
    severity: "info",
    title: `${shortName(name)} is bound by ${bound}`,
    evidence: `${percent(100 * share)} of the profiled time; memory at ${
      percent(memory_pct ?? dram_pct!)
    } of its peak, multiprocessors at ${percent(sm_pct!)}`,
    advice: ADVICE[bound],
  }];
}

function occupancy(rows: readonly NcuGroupRow[]): Finding[] {
  const low = rows.filter(({ share = 0, bound, occupancy_pct = 100, theoretical_occupancy_pct }) =>
    100 * share >= LIMIT.heavyKernel.value && bound === "latency" &&
    theoretical_occupancy_pct !== undefined &&
    occupancy_pct < LIMIT.achievedOccupancy.value / 100 * theoretical_occupancy_pct
  );
  const [first] = low;
  if (!first) return [];
  return [{
    severity: "info",
    title: "Heavy kernels leave multiprocessors without warps",
    evidence: `${low.length} of them; ${shortName(first.name)} has ${
      percent(first.occupancy_pct!)
    } of the warps, and ${percent(first.theoretical_occupancy_pct!)} would fit`,
    advice: "Their grids are too small or uneven for the device: more requests at a time, or " +
      "another kernel (split-K, persistent) fill it",
  }];
}

function unmeasured(count: number): Finding[] {
  if (count === 0) return [];
  return [{
    severity: "warning",
    title: "Launches have no duration",
    evidence: `${count} launches; they are in no sum`,
    advice: "Measure gpu__time_duration.sum, or the sections of --set basic, as well",
  }];
}

function shortName(name: string): string {
  return name.length > 60 ? `${name.slice(0, 59)}…` : name;
}
