/**
 * The command line of ncu.
 *
 * @module
 */

/** What the report and its roofline are made of. */
export const SECTIONS: readonly string[] = [
  "SpeedOfLight",
  "SpeedOfLight_RooflineChart",
  "SpeedOfLight_HierarchicalTensorRooflineChart",
  "ComputeWorkloadAnalysis",
  "MemoryWorkloadAnalysis",
  "Occupancy",
  "LaunchStats",
];

/** What is asked of `ncu`. */
export interface NcuWish {
  /** The program, as it is started. */
  ncu: string;
  /** Path of the report without its ending, absolute. */
  report: string;
  /** Only between cudaProfilerStart and cudaProfilerStop. */
  range: boolean;
  /** A regular expression for demangled names; nothing: every kernel. */
  kernels: string | undefined;
  skip: number;
  count: number;
  filterMode: string;
  set: string | undefined;
  sections: readonly string[] | undefined;
  metrics: readonly string[] | undefined;
  graphProfiling: "node" | "graph";
  cacheControl: string;
  clockControl: string;
  /** Whether how the target ended is the target's own affair: a server is ended by us. */
  anyExit: boolean;
  /** The target. */
  command: readonly string[];
}

/**
 * argv of `ncu`: every process of the target, each launch by itself, run again for every group of
 * counters that the hardware cannot read at once.
 */
export function ncuArgv(wish: NcuWish): string[] {
  const { set, sections, metrics, kernels } = wish;
  const measured = set === undefined || sections !== undefined
    ? (sections ?? SECTIONS).flatMap((name) => ["--section", name])
    : [];
  return [
    wish.ncu,
    "--export",
    wish.report,
    "--force-overwrite",
    // vLLM's engine and its workers are children.
    "--target-processes",
    "all",
    "--replay-mode",
    "kernel",
    "--graph-profiling",
    wish.graphProfiling,
    "--cache-control",
    wish.cacheControl,
    "--clock-control",
    wish.clockControl,
    "--filter-mode",
    wish.filterMode,
    ...(wish.range ? ["--profile-from-start", "off"] : []),
    ...(wish.anyExit ? ["--check-exit-code", "no"] : []),
    ...(kernels === undefined
      ? []
      : ["--kernel-name-base", "demangled", "--kernel-name", `regex:${kernels}`]),
    ...(wish.skip > 0 ? ["--launch-skip", String(wish.skip)] : []),
    "--launch-count",
    String(wish.count),
    ...(set === undefined ? [] : ["--set", set]),
    ...measured,
    ...(metrics === undefined ? [] : ["--metrics", metrics.join(",")]),
    ...wish.command,
  ];
}

/** argv that prints what a report holds: every metric of every launch, or what it says of the run. */
export function importArgv(ncu: string, report: string, page: "raw" | "session"): string[] {
  return [ncu, "--import", report, ...(page === "raw" ? ["--csv"] : []), "--page", page];
}
