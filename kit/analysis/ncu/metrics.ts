/**
 * The figures that are taken from a file, and the names that they have in it: those of metrics on
 * the page `raw` (and in `--metrics`), those of sections on the page `details`.
 *
 * @module
 */

import type { Dimension } from "./units.ts";

/** A figure. */
export interface Metric {
  readonly dimension: Dimension;
  /** Names, the best first. */
  readonly names: readonly string[];
}

const percent = (...names: string[]): Metric => ({ dimension: "pct", names });
const count = (...names: string[]): Metric => ({ dimension: "count", names });
const bytes = (...names: string[]): Metric => ({ dimension: "bytes", names });
const rate = (...names: string[]): Metric => ({ dimension: "bytes_per_s", names });
const operations = (kind: string) =>
  count(`smsp__sass_thread_inst_executed_op_${kind}_pred_on.sum`);
const operationRate = (kind: string) =>
  count(`smsp__sass_thread_inst_executed_op_${kind}_pred_on.sum.per_cycle_elapsed`);

/** By our own names. */
export const METRICS = {
  duration: {
    dimension: "ns",
    names: [
      "gpu__time_duration.sum",
      "gpu__time_duration.avg",
      "gpu__time_duration.max",
      "gpu__time_duration_measured_user.sum",
      "Duration",
    ],
  },
  dramRate: rate("dram__bytes.sum.per_second", "Memory Throughput"),
  dramReadRate: rate("dram__bytes_read.sum.per_second", "dram__bytes_op_read.sum.per_second"),
  dramWriteRate: rate("dram__bytes_write.sum.per_second", "dram__bytes_op_write.sum.per_second"),
  dramBytes: bytes("dram__bytes.sum"),
  dramReadBytes: bytes("dram__bytes_read.sum", "dram__bytes_op_read.sum"),
  dramWriteBytes: bytes("dram__bytes_write.sum", "dram__bytes_op_write.sum"),
  dramPct: percent(
    "gpu__dram_throughput.avg.pct_of_peak_sustained_elapsed",
    "dram__throughput.avg.pct_of_peak_sustained_elapsed",
    "dram__bytes.sum.pct_of_peak_sustained_elapsed",
    "DRAM Throughput",
  ),
  memoryPct: percent(
    "gpu__compute_memory_throughput.avg.pct_of_peak_sustained_elapsed",
    "Memory Throughput",
    "SOL Memory",
    "Memory [%]",
  ),
  smPct: percent(
    "sm__throughput.avg.pct_of_peak_sustained_elapsed",
    "Compute (SM) Throughput",
    "SM Throughput",
    "SOL SM",
    "SM [%]",
  ),
  tensorPct: percent(
    "sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_active",
    "sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_elapsed",
    "sm__inst_executed_pipe_tensor.avg.pct_of_peak_sustained_active",
    "sm__inst_executed_pipe_tensor.sum.pct_of_peak_sustained_active",
  ),
  tensorHalfPct: percent(
    "sm__pipe_tensor_op_hmma_cycles_active.avg.pct_of_peak_sustained_active",
    "sm__pipe_tensor_op_hmma_cycles_active.avg.pct_of_peak_sustained_elapsed",
  ),
  occupancyPct: percent(
    "sm__warps_active.avg.pct_of_peak_sustained_active",
    "Achieved Occupancy",
  ),
  theoreticalOccupancyPct: percent(
    "sm__maximum_warps_per_active_cycle_pct",
    "Theoretical Occupancy",
  ),
  registers: count("launch__registers_per_thread", "Registers Per Thread"),
  staticShared: bytes(
    "launch__shared_mem_per_block_static",
    "Static Shared Memory Per Block",
  ),
  dynamicShared: bytes(
    "launch__shared_mem_per_block_dynamic",
    "Dynamic Shared Memory Per Block",
  ),
  smRate: {
    dimension: "hz",
    names: [
      "sm__cycles_elapsed.avg.per_second",
      "smsp__cycles_elapsed.avg.per_second",
      "gpc__cycles_elapsed.avg.per_second",
      "SM Frequency",
    ],
  },
  smCycles: count("sm__cycles_elapsed.max", "sm__cycles_elapsed.avg"),
  fadd: operations("fadd"),
  fmul: operations("fmul"),
  ffma: operations("ffma"),
  hadd: operations("hadd"),
  hmul: operations("hmul"),
  hfma: operations("hfma"),
  faddRate: operationRate("fadd"),
  fmulRate: operationRate("fmul"),
  ffmaRate: operationRate("ffma"),
  haddRate: operationRate("hadd"),
  hmulRate: operationRate("hmul"),
  hfmaRate: operationRate("hfma"),
} as const satisfies Record<string, Metric>;

/** One of {@linkcode METRICS}. */
export type MetricName = keyof typeof METRICS;

/**
 * Operations of tensor pipes by their operands: `sm__ops_path_tensor_src_bf16_dst_fp32.sum` counts
 * two for a multiplication with addition. They may be split by instruction (`_op_hmma`), by result
 * and by whether sparse, and be a rate.
 */
export const TENSOR_OPERATIONS =
  /^sm__ops_path_tensor(_op_[a-z0-9]+)?_src_([a-z0-9]+(?:_(?!dst_|sparsity_)[a-z0-9]+)*)(_dst_[a-z0-9]+)?(_sparsity_(?:on|off))?\.sum(\.per_cycle_elapsed)?$/;

const BY_NAME = new Map<string, MetricName[]>();
for (const [own, { names }] of Object.entries(METRICS)) {
  for (const name of names) BY_NAME.set(name, [...BY_NAME.get(name) ?? [], own as MetricName]);
}

/** The figures that may have a name: those of one name are told apart by their unit. */
export function metricsOf(name: string): readonly MetricName[] {
  return BY_NAME.get(name) ?? [];
}
