/**
 * The command line of nsys.
 *
 * @module
 */

/** What is asked of `nsys profile`. */
export interface NsysWish {
  /** The program, as it is started. */
  nsys: string;
  session: string;
  /** Path of the report without its ending, absolute. */
  report: string;
  trace: readonly string[];
  cudaGraphs: "node" | "graph";
  /** Recording begins and ends with the profiler's range, or by the clock. */
  range: boolean;
  delaySec?: number | undefined;
  durationSec?: number | undefined;
  /** The target is ended with the recording. */
  endsTarget: boolean;
  /** The target. */
  command: readonly string[];
}

/**
 * argv of `nsys profile`: no CPU sampling and no scheduling trace (a toy program left 2 GB with
 * them, 1.7 MB without), children traced from their fork on, so that no rank is missing.
 */
export function nsysArgv(wish: NsysWish): string[] {
  const { nsys, session, report, trace, cudaGraphs, delaySec, durationSec } = wish;
  return [
    nsys,
    "profile",
    `--session-new=${session}`,
    `--output=${report}`,
    `--trace=${trace.join(",")}`,
    "--sample=none",
    "--cpuctxsw=none",
    "--trace-fork-before-exec=true",
    `--cuda-graph-trace=${cudaGraphs}`,
    // "stop" leaves the target alone: a server is ended in order, and not by nsys.
    ...(wish.range ? ["--capture-range=cudaProfilerApi", "--capture-range-end=stop"] : []),
    ...(delaySec === undefined ? [] : [`--delay=${Math.ceil(delaySec)}`]),
    ...(durationSec === undefined ? [] : [`--duration=${Math.ceil(durationSec)}`]),
    `--kill=${wish.endsTarget ? "sigterm" : "none"}`,
    // Processes that outlive the target would be waited for without end.
    "--wait=primary",
    ...wish.command,
  ];
}

/** argv of the export. */
export function exportArgv(nsys: string, report: string, sqlite: string): string[] {
  return [nsys, "export", "--type=sqlite", `--output=${sqlite}`, "--force-overwrite=true", report];
}
