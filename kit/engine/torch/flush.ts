/**
 * Watching vLLM write its traces.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { listTraces, type TraceFile, traceLabel } from "./trace_files.ts";

/** What is watched. */
export interface FlushWatch {
  /** The profiler's folder. */
  dir: string;
  /** Files that were there before recording began: path and size. */
  before: ReadonlyMap<string, number>;
  /** Workers that should leave a trace; undefined where nobody knows. */
  workers: number | undefined;
  timeoutMs: number;
  /** Gives up waiting. */
  signal: AbortSignal;
}

const POLL_MS = 150;
/** A file that has not grown in so many looks is written. */
const STILL = 3;

/** Files of this recording. */
export async function freshTraces(
  context: RunContext,
  { dir, before }: Pick<FlushWatch, "dir" | "before">,
): Promise<TraceFile[]> {
  return (await listTraces(context.files, dir))
    .filter(({ path, bytes }) => before.get(path) !== bytes);
}

/** The files of a folder with their sizes, for {@linkcode FlushWatch.before}. */
export async function snapshot(context: RunContext, dir: string): Promise<Map<string, number>> {
  return new Map((await listTraces(context.files, dir)).map(({ path, bytes }) => [path, bytes]));
}

/** Whether each worker has begun a trace, as happens when its steps are recorded. */
export function allRanksThere(traces: readonly TraceFile[], workers: number | undefined): boolean {
  const ranks = traces.filter(({ role, bytes }) => role === "rank" && bytes > 0);
  return ranks.length >= (workers ?? 1);
}

/**
 * Waits until the server has answered the stop and no file grows any more, showing how many bytes
 * each rank has written.
 *
 * @param stopped Settles when the server has answered, or when the signal gave up on it; never rejects.
 * @returns Whether all that was waited for came in time.
 */
export async function watchFlush(
  context: RunContext,
  watch: FlushWatch,
  stopped: Promise<unknown>,
): Promise<{ inTime: boolean; traces: TraceFile[] }> {
  const start = context.clock.monotonicMs();
  let answered = false;
  stopped.then(() => answered = !watch.signal.aborted);
  let last = "";
  let still = 0;
  for (;;) {
    const traces = await freshTraces(context, watch);
    const now = traces.map(({ path, bytes }) => `${path} ${bytes}`).join("\n");
    still = now === last ? still + 1 : 0;
    last = now;
    const passed = context.clock.monotonicMs() - start;
    if (answered && still >= STILL) return { inTime: true, traces };
    if (watch.signal.aborted || passed > watch.timeoutMs) return { inTime: false, traces };
    context.output.progress(flushProgress(traces, watch.workers, passed / 1000));
    await context.clock.sleep(POLL_MS, watch.signal);
  }
}

/** `Writing traces, 12 s: rank 0 4.2 MB, front end 0.1 MB (1 of 2 ranks)`. */
export function flushProgress(
  traces: readonly TraceFile[],
  workers: number | undefined,
  seconds: number,
): string {
  const shown = traces.filter(({ role }) => role === "rank" || role === "front end");
  const ranks = shown.filter(({ role }) => role === "rank").length;
  const parts = shown.map((trace) => `${traceLabel(trace)} ${(trace.bytes / 1e6).toFixed(1)} MB`);
  return `Writing traces, ${Math.round(seconds)} s: ${
    parts.length === 0 ? "nothing on disk yet" : parts.join(", ")
  }${workers === undefined ? "" : ` (${ranks} of ${workers} ranks)`}`;
}
