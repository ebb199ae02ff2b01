/**
 * One recording of a server: start, load, bounds, stop, and the traces on the disk.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { messageOf, RunError } from "../../contract/errors.ts";
import { formatBytes } from "../../contract/quantities.ts";
import type { OpenCapture } from "../capture_run.ts";
import { startProfile, stopProfile } from "../server/profile_control.ts";
import { servedModel } from "../server/served.ts";
import { MemoryWatch } from "../system/memory_watch.ts";
import type { TorchCapture, WindowEnd } from "./capture_facts.ts";
import { analyzeTraces } from "./analyze.ts";
import { collectTraces, type Expected } from "./collect.ts";
import { delayOf } from "./configure.ts";
import { allRanksThere, freshTraces, snapshot, watchFlush } from "./flush.ts";
import type { Load } from "../load/load.ts";
import { flushSeconds, type TorchValues } from "./options.ts";

/** A server that answers, and what is to be recorded of it. */
export interface Recording {
  baseUrl: string;
  values: TorchValues;
  /** The profiler's folder. */
  traceDir: string;
  load: Load;
  capture: TorchCapture;
  expected: Expected;
  /** Fields that the server's start takes; undefined where it does not tell. */
  startFields: readonly string[] | undefined;
  /** Whether the server was started with the bounds in steps. */
  bounded: boolean;
  /** The server's process on this machine, whose memory is watched. */
  pid: number | undefined;
}

/** How often the bounds are looked at. */
const LOOK_MS = 200;
/** Looking at all processes is dearer. */
const MEMORY_EVERY = 5;

/**
 * Records and collects. Whatever happens in between, a profiler that was started is stopped: a
 * server that is not ours must not be left profiling.
 *
 * @throws {RunError} when the profiler cannot be started, or the load fails at its beginning.
 */
export async function record(
  context: RunContext,
  bundle: OpenCapture,
  recording: Recording,
): Promise<void> {
  const { baseUrl, values, traceDir, load, capture } = recording;
  await nameModel(bundle, baseUrl, values.apiKey);
  await load.prepare?.();
  if (context.signal.aborted) return;
  const before = await snapshot(context, traceDir);
  if (!load.startsProfiler) await begin(context, bundle, recording);
  let start = context.clock.monotonicMs();
  context.output.note(
    load.startsProfiler
      ? `The load "${load.name}" starts and stops the profiler`
      : `The profiler is on (${load.name})`,
  );

  const stopLoad = new AbortController();
  const over = new AbortController();
  const loading = load.run(stopLoad.signal);
  // A failure of its is told once, below.
  loading.catch(() => {});
  const watch = { dir: traceDir, before, workers: recording.expected.workers };
  try {
    const bounds = waitForBounds(context, recording, watch, over.signal, () => {
      start = context.clock.monotonicMs();
    });
    capture.window.ended = await Promise.race([
      loading.then((): WindowEnd => "the load was answered"),
      bounds,
    ]);
  } catch (error) {
    capture.window.ended = context.signal.aborted ? "it was interrupted" : "it failed";
    if (!context.signal.aborted) bundle.note("error", messageOf(error));
  }
  over.abort();
  capture.window.seconds = rounded((context.clock.monotonicMs() - start) / 1000);

  const interrupted = context.signal.aborted;
  if (!load.runsOn || interrupted) stopLoad.abort();
  const giveUp = new AbortController();
  // Ctrl-C ends the waiting; a Ctrl-C that ended the recording leaves some time for the traces.
  const signal = interrupted ? giveUp.signal : AbortSignal.any([giveUp.signal, context.signal]);
  const timeoutMs = 1000 *
    (interrupted ? Math.min(values.grace, flushSeconds(values)) : flushSeconds(values));
  const flushing = context.clock.monotonicMs();
  let failure: string | undefined;
  const stopped = stopProfile(baseUrl, { signal }).catch((error) => {
    failure = messageOf(error);
  });
  const { inTime, traces } = await watchFlush(
    context,
    { ...watch, timeoutMs, signal },
    stopped,
  );
  giveUp.abort();
  await stopped;
  capture.window.flush_seconds = rounded((context.clock.monotonicMs() - flushing) / 1000);
  if (!inTime) {
    bundle.note(
      "error",
      context.signal.aborted
        ? `Interrupted while vLLM was writing the traces; what is not in the bundle may yet come ` +
          `to ${traceDir}`
        : `vLLM had not written its traces after ${timeoutMs / 1000} s; give it more with ` +
          "--flush-timeout, or record fewer steps with --max-iterations",
    );
  } else if (failure) bundle.note("error", failure);
  const settled = inTime ? traces : await freshTraces(context, watch);
  await collectTraces(
    context,
    bundle,
    capture,
    { dir: traceDir, traces: settled },
    recording.expected,
  );
  await analyzeTraces(context, bundle, capture);
  if (capture.window.ended === "the memory had grown") {
    bundle.note(
      "warning",
      `Recording ended early: vLLM's memory had grown by more than --max-bytes, ` +
        `${formatBytes(values.maxBytes)}`,
    );
  }
  context.output.progress(`Waiting for the load to end (${load.name})`);
  const interruption = () => stopLoad.abort();
  context.signal.addEventListener("abort", interruption, { once: true });
  if (context.signal.aborted || capture.window.ended === "it failed") stopLoad.abort();
  await loading.catch((error) => {
    // One that ended the recording has been told.
    if (capture.window.ended !== "it failed" && !stopLoad.signal.aborted) {
      bundle.note("error", messageOf(error));
    }
  });
  context.signal.removeEventListener("abort", interruption);
}

/** What the server says of its model; a server that lists none is recorded all the same. */
export async function nameModel(
  bundle: OpenCapture,
  baseUrl: string,
  apiKey: string | undefined,
): Promise<void> {
  const served = await servedModel(baseUrl, { apiKey }).catch(() => undefined);
  if (!served) return;
  bundle.manifest.engine["model"] = served.root;
  if (served.maxModelLen !== undefined) {
    bundle.manifest.engine["max_model_len"] = served.maxModelLen;
  }
}

async function begin(
  context: RunContext,
  bundle: OpenCapture,
  { baseUrl, values, startFields, bounded }: Recording,
): Promise<void> {
  const takes = (field: string) => startFields?.includes(field) ?? false;
  await startProfile(context, baseUrl, {
    ...(takes("delay_iterations") ? { delayIterations: delayOf(values.delayIterations) } : {}),
    ...(takes("max_iterations") ? { maxIterations: values.maxIterations } : {}),
  });
  if (!bounded && !takes("max_iterations") && values.maxIterations > 0) {
    bundle.note(
      "info",
      "This server's /start_profile takes no bounds in steps: recording is bounded in seconds and " +
        "bytes, and by what the server was started with",
    );
  }
}

/** Waits until a bound is reached. */
async function waitForBounds(
  context: RunContext,
  { values, load, pid, expected, startFields, bounded }: Recording,
  watch: { dir: string; before: ReadonlyMap<string, number>; workers: number | undefined },
  over: AbortSignal,
  begun: () => void,
): Promise<WindowEnd> {
  const memory = pid === undefined ? undefined : new MemoryWatch([pid]);
  const stop = AbortSignal.any([over, context.signal]);
  if (load.began) {
    await load.began(stop);
    begun();
  }
  const start = context.clock.monotonicMs();
  const inSteps = values.maxIterations > 0 && (bounded || startFields?.includes("max_iterations"));
  for (let look = 1; !stop.aborted; look++) {
    const passed = (context.clock.monotonicMs() - start) / 1000;
    if (passed >= values.maxSeconds) return "the seconds had passed";
    if (memory && look % MEMORY_EVERY === 0 && memory.gained() > values.maxBytes) {
      return "the memory had grown";
    }
    // A worker that has recorded its steps writes its trace without being asked.
    if (inSteps && allRanksThere(await freshTraces(context, watch), expected.workers)) {
      return "the steps were recorded";
    }
    context.output.progress(`Recording (${load.name}), ${Math.round(passed)} s`);
    await context.clock.sleep(LOOK_MS, stop);
  }
  if (context.signal.aborted) return "it was interrupted";
  throw new RunError("Recording had ended");
}

function rounded(seconds: number): number {
  return Number(seconds.toFixed(3));
}
