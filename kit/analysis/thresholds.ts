/**
 * Every threshold that a finding or a health band uses, with where it comes from.
 *
 * @module
 */

/** A threshold. */
export interface Threshold {
  value: number;
  unit: string;
  source: string;
  /** Whether more than somebody's experience stands behind it. */
  proven: boolean;
}

const LAYOUT = "the session profilers' guide (health bands of kv_cache_usage.csv)";
const BATCHES = "the session profilers' batch summary (underutilization below 50 %)";
const NSIGHT = "the Nsight report's rules (graph coverage below 70 %)";
const EXPERTS = "the session profilers' guide (healthy expert balance)";
const COMPUTE = "Nsight Compute's own rules (neither memory nor compute above 60 % of its peak)";
const OURS = "vscope's judgement";

/** The thresholds, by name. */
export const THRESHOLDS = {
  /** Peak KV use below which the cache is larger than the load needs. */
  kvLow: { value: 40, unit: "%", source: LAYOUT, proven: false },
  /** The band of KV use that is a good balance. */
  kvGoodFrom: { value: 60, unit: "%", source: LAYOUT, proven: false },
  kvGoodTo: { value: 80, unit: "%", source: LAYOUT, proven: false },
  /** Peak KV use above which requests soon wait for blocks, or are preempted. */
  kvHigh: { value: 90, unit: "%", source: LAYOUT, proven: false },
  /** Share of forward passes that should replay a graph. */
  graphCoverage: { value: 70, unit: "% of passes", source: NSIGHT, proven: false },
  /** Share of kernels that should be replayed from graphs. */
  kernelGraphCoverage: { value: 70, unit: "% of kernels", source: NSIGHT, proven: false },
  /** Share of its span in which a GPU runs no kernel. */
  gpuIdle: { value: 30, unit: "% of span", source: OURS, proven: false },
  /** Share of its span in which a GPU waits for a launch. */
  launchBound: { value: 10, unit: "% of span", source: OURS, proven: false },
  /** Share of busy time in which only collectives run. */
  exposedCommunication: { value: 10, unit: "% of busy time", source: OURS, proven: false },
  /** How much more a rank computes than the others. */
  slowRank: { value: 3, unit: "% of the others' mean", source: OURS, proven: false },
  /** Share of kernel time that no rule of configs/kernels.yaml knows. */
  unclassified: { value: 5, unit: "% of kernel time", source: OURS, proven: false },
  /** Share of its peak from which memory or arithmetic is what limits a kernel. */
  kernelNearPeak: { value: 60, unit: "% of peak", source: COMPUTE, proven: false },
  /** Share of the profiled time from which a kernel is worth a finding. */
  heavyKernel: { value: 10, unit: "% of profiled time", source: OURS, proven: false },
  /** Share of the warps that fit, below which a multiprocessor lacks warps. */
  achievedOccupancy: { value: 60, unit: "% of what fits", source: OURS, proven: false },
  /** Largest over smallest load of the experts of a layer. */
  expertRatio: { value: 2, unit: "times", source: EXPERTS, proven: false },
  /** Deviation of the experts' load over its mean. */
  expertDeviation: { value: 0.3, unit: "of the mean", source: EXPERTS, proven: false },
  /** How far that deviation may move from one quarter of a run to another. */
  expertDrift: { value: 0.1, unit: "of the mean", source: OURS, proven: false },
  /** Share of max_num_batched_tokens below which a batch counts as underutilized. */
  tokenUtilizationLow: { value: 50, unit: "%", source: BATCHES, proven: false },
  /** Share of max_num_seqs that counts as a full batch. */
  batchFull: { value: 99, unit: "%", source: OURS, proven: false },
  /** Share of steps with requests waiting although the batch has room. */
  waitingWithRoom: { value: 10, unit: "% of steps", source: OURS, proven: false },
  /** Mixed steps against decode steps, in p95: decoding requests stall behind prefills. */
  mixedStall: { value: 3, unit: "times", source: OURS, proven: false },
  /** Share of a step outside model execution and sampling. */
  engineOverhead: { value: 25, unit: "% of step time", source: OURS, proven: false },
  /** Share of computed tokens that were computed for nothing. */
  wastedTokens: { value: 5, unit: "% of tokens", source: OURS, proven: false },
} as const satisfies Record<string, Threshold>;
