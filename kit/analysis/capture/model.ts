/**
 * What is known of a capture: the document of `vscope analyze --json`, whoever made the capture.
 *
 * A part that the source cannot tell is absent, never zero. All times are whole or fractional
 * nanoseconds unless a name says otherwise; shares lie between 0 and 1.
 *
 * @module
 */

import type { Finding } from "../findings.ts";
import type { HostTimeline } from "./host_timeline.ts";
import type { GapRow, IdleRow, LaunchBound } from "./idle_model.ts";
import type { DiagnosticRow, Dim3, LaunchConfigurationRow } from "./launch_model.ts";
import type { LogParts } from "./log_model.ts";
import type { NcuParts } from "./ncu_model.ts";
import type { Timeline } from "./timeline.ts";

/** Who made a capture. */
export type CaptureKind = "nsys" | "torch" | "ncu" | "vllm-log";

/** The kinds of work that kernels and operators do, as configs/kernels.yaml tells them. */
export const CATEGORIES = [
  "attention",
  "ffn",
  "moe",
  "norm",
  "embedding",
  "sampling",
  "communication",
  "memory",
  "other",
] as const;

/** One of {@linkcode CATEGORIES}. */
export type Category = typeof CATEGORIES[number];

/** What a batch does. `other` is GPU work outside every step. */
export type Phase = "prefill" | "decode" | "mixed" | "other";

/** A file that was read. */
export interface Source {
  /** As it was given. */
  readonly path: string;
  /** Its size on disk. */
  readonly bytes: number;
}

/** Something that the capture should hold and that could not be read: figures are too low by it. */
export interface Missing {
  /** The file. */
  readonly path: string;
  /** What is missing, and why: one sentence. */
  readonly reason: string;
  /** Events that were left out, where they could be counted. */
  readonly events?: number;
}

/** Totals over all devices. */
export interface GpuTotals {
  /** Kernels that ran. */
  readonly kernel_count: number;
  /** Sum of kernel durations. */
  readonly kernel_time_ns: number;
  /** Union of kernel intervals over all streams of a device, summed over devices. */
  readonly busy_time_ns: number;
  /** From a device's first kernel to the end of its last, summed over devices. */
  readonly span_ns: number;
  /** 1 − busy / span. */
  readonly idle_share: number;
}

/** One device of one rank. */
export interface DeviceRow extends GpuTotals {
  /** Place of the file in `sources`. */
  readonly source: number;
  readonly rank?: number;
  /** The device's number, as the capture has it. */
  readonly device: number;
  /** As `NVIDIA H200`. */
  readonly model?: string;
  readonly streams: number;
}

/** All runs of the kernels of one full name. */
export interface KernelRow {
  readonly name: string;
  readonly category: Category;
  readonly count: number;
  readonly total_ns: number;
  readonly avg_ns: number;
  readonly median_ns: number;
  readonly min_ns: number;
  readonly max_ns: number;
  /** Deviation of a sample; 0 for one value. */
  readonly stddev_ns: number;
  /** There only where the name has more than 65,536 different durations: how far the median may be off. */
  readonly median_within_ns?: number;
  /** How it was launched most of the time; absent where the capture does not tell. */
  readonly grid?: Dim3;
  readonly block?: Dim3;
  readonly registers_per_thread?: number;
  /** Shared memory of a block that the kernel declares, and that its launch adds. */
  readonly static_shared_bytes?: number;
  readonly dynamic_shared_bytes?: number;
  /** In how many ways it was launched. */
  readonly configurations?: number;
}

/** Kernels of one category. `share` is of the sum of kernel durations. */
export interface CategoryRow {
  readonly category: Category;
  readonly count: number;
  readonly total_ns: number;
  readonly share: number;
}

/** Times in milliseconds; percentiles lie linearly between the two nearest values. */
export interface Milliseconds {
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** The engine's steps. With several ranks those of the first rank: all ranks run the same steps. */
export interface Iterations {
  readonly count: number;
  readonly prefill?: number;
  readonly decode?: number;
  readonly mixed?: number;
  readonly idle?: number;
  readonly context_tokens?: number;
  readonly generation_tokens?: number;
  /** Of the host's range around a step. */
  readonly elapsed_ms: Milliseconds;
  /** From a step's start to the next one's, where there are two. */
  readonly period_ms?: Milliseconds;
  /** What told the steps: the ranges of vLLM or SGLang, or PyTorch's schedule. */
  readonly source: "vllm" | "sglang" | "profiler_step";
  /** There where phases are known: the engine's own ranges told them. */
  readonly phase_source?: "annotated" | "inferred";
}

/** GPU time of the steps of one phase. */
export interface PhaseRow {
  readonly phase: Phase;
  readonly iterations: number;
  readonly gpu_ns?: number;
  readonly kernels?: number;
}

/** Kernels of one phase and category. */
export interface PhaseCategoryRow {
  readonly phase: Phase;
  readonly category: Category;
  readonly count: number;
  readonly total_ns: number;
}

/** How much of the work was replayed from CUDA graphs. */
export interface CudaGraphs {
  readonly kernels_in_graphs: number;
  readonly kernels_total: number;
  /** Kernels in graphs over all kernels. */
  readonly coverage: number;
  /** Different graphs; absent where the capture does not name them. */
  readonly graphs?: number;
  /** Replays (`cudaGraphLaunch`). */
  readonly launches?: number;
  /** Sum of the durations of kernels in graphs. */
  readonly gpu_ns?: number;
}

/** Copies (or fills, kind `memset`) of one kind. */
export interface MemcpyRow extends Spread<"ns">, Spread<"bytes"> {
  /** `HtoD`, `DtoH`, `DtoD`, `PtoP`, `HtoH`, `memset`, or as the capture has it. */
  readonly kind: string;
  readonly count: number;
  readonly total_ns: number;
  /** Absent where the capture has no sizes. */
  readonly bytes?: number;
}

/** How values of one unit are spread; the deviation is that of a sample. */
export type Spread<Unit extends string> = {
  readonly [Key in `${"avg" | "median" | "min" | "max" | "stddev"}_${Unit}`]?: number;
};

/** Calls or ranges of one name. */
export interface CallRow {
  readonly name: string;
  readonly count: number;
  readonly total_ns: number;
  readonly median_ns: number;
  readonly max_ns: number;
  readonly avg_ns?: number;
  readonly min_ns?: number;
  readonly stddev_ns?: number;
  /** Of an NVTX range: pushed and popped by one thread, or started and ended by any. */
  readonly style?: "PushPop" | "StartEnd";
  /** As for kernels. */
  readonly median_within_ns?: number;
}

/** A CPU operator. */
export interface OperatorRow extends CallRow {
  readonly category: Category;
  /** Without the operators that it called; absent where calls of a thread overlap. */
  readonly self_ns?: number;
}

/** CPU operators of one category, by the time that they took themselves. */
export interface OperatorCategoryRow {
  readonly category: Category;
  readonly count: number;
  readonly self_ns: number;
  readonly share: number;
}

/** Collective and point-to-point kernels. */
export interface Communication {
  readonly count: number;
  readonly total_ns: number;
  /** Union of their intervals per device. */
  readonly busy_ns: number;
  /** The part of it in which other kernels ran as well. */
  readonly overlapped_ns: number;
  readonly exposed_ns: number;
  readonly overlap_share: number;
}

/** From a kernel to the operator that launched it and to the module around that. */
export interface KernelPathRow {
  readonly kernel: string;
  readonly category: Category;
  readonly operator?: string;
  /** Classes from the outermost to the innermost, as `Qwen3Model > Qwen3DecoderLayer > …`. */
  readonly module?: string;
  readonly count: number;
  readonly total_ns: number;
}

/** A step. */
export interface StepRow {
  /** From 0 on, as `--window iteration:N` takes it. */
  readonly index: number;
  readonly phase?: Phase | "idle";
  readonly start_ns: number;
  readonly elapsed_ns: number;
  readonly context_requests?: number;
  readonly context_tokens?: number;
  readonly generation_requests?: number;
  readonly generation_tokens?: number;
  readonly kernels?: number;
  readonly gpu_ns?: number;
}

/** One rank of a run. */
export interface RankRow {
  readonly source: number;
  readonly path: string;
  /** Absent where the file does not tell. */
  readonly rank?: number;
  /** Where one file holds several processes: the one, and its name. */
  readonly pid?: number;
  readonly process?: string;
  readonly gpu?: GpuTotals;
  /** Kernels that are no communication: what the rank had to compute. */
  readonly compute_ns?: number;
  readonly communication_ns?: number;
  readonly exposed_communication_ns?: number;
  readonly iterations?: number;
  readonly step_mean_ms?: number;
  /** The one that the others wait for. */
  readonly slowest?: true;
}

/** What the capture says of its machine and software. */
export interface CaptureEnvironment {
  readonly vllm_version?: string;
  readonly devices?: readonly string[];
  readonly world_size?: number;
  readonly backend?: string;
  readonly record_shapes?: boolean;
  readonly with_stack?: boolean;
  /** Version of nsys, as `2025.3.2.0`. */
  readonly nsys_version?: string;
}

/** The document. */
export interface CaptureAnalysis extends LogParts, NcuParts {
  readonly schema_version: 1;
  readonly kind: CaptureKind;
  readonly sources: readonly Source[];
  /** There only when something is missing: every figure is then a lower bound. */
  readonly partial?: readonly Missing[];
  readonly gpu?: GpuTotals;
  /** By `total_ns`, falling. */
  readonly kernels?: readonly KernelRow[];
  readonly categories?: readonly CategoryRow[];
  readonly iterations?: Iterations;
  readonly phases?: readonly PhaseRow[];
  readonly cuda_graphs?: CudaGraphs;
  readonly memcpy?: readonly MemcpyRow[];
  readonly cuda_api?: readonly CallRow[];
  readonly nvtx?: readonly CallRow[];
  readonly requests?: Readonly<Record<string, unknown>>;
  readonly findings: readonly Finding[];

  readonly environment?: CaptureEnvironment;
  readonly devices?: readonly DeviceRow[];
  readonly cpu_operators?: readonly OperatorRow[];
  readonly cpu_categories?: readonly OperatorCategoryRow[];
  readonly categories_by_phase?: readonly PhaseCategoryRow[];
  readonly idle?: readonly IdleRow[];
  /** The longest ones. */
  readonly gaps?: readonly GapRow[];
  readonly launch_bound?: LaunchBound;
  readonly communication?: Communication;
  readonly kernel_paths?: readonly KernelPathRow[];
  /** Ways in which kernels were launched, by `total_ns`, falling; at most the first 2,000. */
  readonly launch_configurations?: readonly LaunchConfigurationRow[];
  /** Graphs that were recorded as a whole: their kernels are not known. */
  readonly graph_executions?: readonly CallRow[];
  readonly diagnostics?: readonly DiagnosticRow[];
  /** At most the first 10,000. */
  readonly steps?: readonly StepRow[];
  readonly ranks?: readonly RankRow[];
  /** One step in full, for a picture. */
  readonly timeline?: Timeline;
  /** The same on the host, in the bundle of a capture without a GPU. */
  readonly host_timeline?: HostTimeline;
}
