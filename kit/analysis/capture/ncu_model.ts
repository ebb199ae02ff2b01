/**
 * What Nsight Compute tells of kernels.
 *
 * Nsight Compute runs each kernel alone, several times, mostly at a fixed clock: durations are for
 * comparing kernels with each other and with the device's peaks, not with a trace.
 *
 * @module
 */

import type { Category } from "./model.ts";

/** What limits a kernel, by the shares of the peaks that it reaches. */
export type Bound = "memory" | "compute" | "latency";

/** The figures of one launch or of several; what was not measured is absent. */
export interface NcuFigures {
  readonly duration_ns?: number;
  /** Bytes that went to and from the device's memory, per second, in 10^9. */
  readonly dram_gbps?: number;
  readonly dram_bytes?: number;
  /** Of the memory's peak bandwidth. */
  readonly dram_pct?: number;
  /** Of the peak of the busiest part of the memory system, caches included. */
  readonly memory_pct?: number;
  /** Of the peak of the busiest pipe of the multiprocessors. */
  readonly sm_pct?: number;
  /** Of the time in which tensor pipes could work. */
  readonly tensor_pct?: number;
  /** Active warps over those that fit. */
  readonly occupancy_pct?: number;
  readonly theoretical_occupancy_pct?: number;
  /** Floating point operations, those of tensor pipes included; absent unless these are known. */
  readonly flops?: number;
  readonly tflops?: number;
  /** Operations per byte of device memory. */
  readonly flops_per_byte?: number;
  /** `tflops` over what the roofline allows at `flops_per_byte`. */
  readonly roofline_pct?: number;
  readonly bound?: Bound;
}

/** One launch that was profiled. */
export interface NcuKernelRow extends NcuFigures {
  readonly [key: string]: unknown;
  readonly name: string;
  readonly category: Category;
  /** Nsight Compute's number of the launch, and the process that launched it. */
  readonly id: string;
  readonly process_id?: string;
  /** Blocks of the grid, and threads of a block. */
  readonly grid?: readonly [x: number, y: number, z: number];
  readonly block?: readonly [x: number, y: number, z: number];
  readonly registers_per_thread?: number;
  /** Shared memory of a block that the kernel declares, and that its launch adds. */
  readonly static_shared_bytes?: number;
  readonly dynamic_shared_bytes?: number;
  readonly sm_ghz?: number;
  readonly device?: string;
  readonly compute_capability?: string;
}

/** All launches of one name or of one category; means are weighted by time. */
export interface NcuGroupRow extends NcuFigures {
  readonly name: string;
  readonly category: Category;
  readonly launches: number;
  /** Of these; they are in no other figure of the row. */
  readonly launches_without_time?: number;
  readonly total_ns?: number;
  /** Of the time of all profiled launches. */
  readonly share?: number;
}

/** The device's peaks, by which kernels are judged. */
export interface NcuRoofline {
  readonly device?: string;
  readonly peak_gbps?: number;
  readonly peak_gbps_source?: "measured" | "vendor";
  /** Dense BF16, of the vendor's sheet. */
  readonly peak_tflops?: number;
  readonly peak_tflops_source?: string;
}

/** The parts of the document that only Nsight Compute's files have. */
export interface NcuParts {
  /** In the order of launches. */
  readonly ncu_kernels?: readonly NcuKernelRow[];
  readonly ncu_by_kernel?: readonly NcuGroupRow[];
  readonly ncu_by_category?: readonly NcuGroupRow[];
  readonly roofline?: NcuRoofline;
  /** Launches in the file that are of kinds which were not asked for: they are nowhere else. */
  readonly ncu_left_out?: readonly { readonly category: Category; readonly launches: number }[];
}
