/**
 * The recording of a server: its window, the load in it, and its end.
 *
 * @module
 */

import type { RunningProcess } from "../../contract/context.ts";
import { messageOf, RunError } from "../../contract/errors.ts";
import type { Invocation } from "../../contract/recipe.ts";
import { requireProfiler, startProfile, stopProfile } from "../server/profile_control.ts";
import { waitUntilHealthy } from "../server/readiness.ts";
import type { PlannedRequest } from "../server/requests.ts";
import type { Load } from "../load/load.ts";
import { nameModel } from "../torch/record.ts";
import { serverLoad } from "../load/server_load.ts";
import { LOOK_MS, type Recording } from "./recording.ts";

/** A server that nsys starts. */
export interface ServerRun {
  recording: Recording;
  invocation: Invocation;
  prompts: readonly PlannedRequest[] | undefined;
  process: RunningProcess;
  logPath: string;
  /** Brings the report into the bundle while the server goes on. */
  collect: () => Promise<void>;
}

/** Records, and ends the server, or leaves it to serve on. */
export async function recordServer(run: ServerRun): Promise<void> {
  const { recording } = run;
  const { task, values, context, bundle, capture } = recording;
  let failure: unknown;
  try {
    await (task.by === "http" ? byProfiler(run) : byClock(run));
  } catch (error) {
    failure = error;
    recording.ended(context.signal.aborted ? "it was interrupted" : "it failed");
  }
  const stopping = context.clock.monotonicMs();
  try {
    await finish(run, failure !== undefined);
  } catch (error) {
    bundle.note("error", messageOf(error));
  }
  recording.step(values.keepServing ? "report" : "report, engine down");
  capture.window.report_seconds = rounded((context.clock.monotonicMs() - stopping) / 1000);
  if (failure !== undefined) throw failure;
  if (values.keepServing && !context.signal.aborted) await serveOn(run);
}

/** vLLM's own profiler begins and ends the recording. */
async function byProfiler(run: ServerRun): Promise<void> {
  const { recording, process, logPath } = run;
  const { context, bundle, values, capture } = recording;
  const { baseUrl } = recording.task.server!;
  await waitUntilHealthy(context, process, {
    baseUrl,
    logPath,
    timeoutMs: 1000 * values.startTimeout,
  });
  await requireProfiler(context, baseUrl, "look into logs/ for how vLLM read its command line");
  recording.step("engine up");
  const load = await loadOf(run, baseUrl);
  capture.load = load.name;
  await nameModel(bundle, baseUrl, values.apiKey);
  await load.prepare?.();
  if (context.signal.aborted) return;
  recording.step("warm-up");
  if (!load.startsProfiler) await startProfile(context, baseUrl);
  context.output.note(
    load.startsProfiler
      ? `The load "${load.name}" starts and stops the profiler`
      : `nsys records (${load.name})`,
  );
  const over = new AbortController();
  const { loading, stopLoad } = begin(run, load);
  let start = context.clock.monotonicMs();
  try {
    const bounds = async () => {
      if (load.began) {
        await load.began(AbortSignal.any([over.signal, context.signal]));
        start = context.clock.monotonicMs();
      }
      await recording.untilOver(
        () => `Recording (${load.name}), ${seconds(recording, start)} s`,
        values.maxSeconds,
        over.signal,
      );
      if (over.signal.aborted) return;
      recording.ended(
        context.signal.aborted
          ? "it was interrupted"
          : !recording.over
          ? "the seconds had passed"
          : load.startsProfiler
          ? "the load ended it"
          : values.maxIterations > 0
          ? "the steps were recorded"
          : "nsys stop ended it",
      );
    };
    const answered = loading.then(() => recording.ended("the load was answered"));
    await Promise.race([answered, bounds()]);
  } catch (error) {
    recording.ended(context.signal.aborted ? "it was interrupted" : "it failed");
    if (!context.signal.aborted) bundle.note("error", messageOf(error));
  }
  over.abort();
  recording.step("load");
  capture.window.seconds = rounded((context.clock.monotonicMs() - start) / 1000);
  if (!load.runsOn || context.signal.aborted) stopLoad.abort();
  if (!recording.over || !load.startsProfiler) {
    const limit = context.signal.aborted ? values.grace : values.stopTimeout;
    context.output.progress("Stopping the profiler");
    await stopProfile(baseUrl, { signal: AbortSignal.timeout(1000 * Math.max(1, limit)) })
      .catch(async (error) => {
        if (recording.end === undefined) bundle.note("error", messageOf(error));
        if (!recording.over) await recording.stopSession(limit);
      });
  }
  await endOfLoad(run, load, loading, stopLoad);
}

/** nsys begins and ends the recording, or somebody stops it. */
async function byClock(run: ServerRun): Promise<void> {
  const { recording, process, logPath } = run;
  const { context, bundle, values, capture, task } = recording;
  const { baseUrl } = task.server!;
  const { delay = 0, duration } = values;
  const ready = waitUntilHealthy(context, process, {
    baseUrl,
    logPath,
    timeoutMs: 1000 * values.startTimeout,
  });
  const over = new AbortController();
  const ending = recording.untilOver(
    () => `Recording by the clock, ${Math.round(recording.seconds)} s after the start`,
    duration === undefined ? Infinity : delay + duration + values.stopTimeout,
    over.signal,
  );
  const timeUp = () => duration !== undefined && recording.seconds >= delay + duration;
  const first = await Promise.race([
    ready.then(() => "ready", (error) => {
      // Told below, where nsys has ended the server because its time was up.
      if (recording.end && timeUp()) return "over";
      throw error;
    }),
    // A server that ended ahead of its time says why.
    ending.then(() => timeUp() || context.signal.aborted ? undefined : ready).then(() => "over"),
  ]);
  if (first === "over") {
    ready.catch(() => {});
    if (!context.signal.aborted && task.by === "clock") {
      bundle.note(
        "error",
        `The recording was over ${Math.round(recording.seconds)} s after the start, before the ` +
          "server was ready: give a larger --delay, or leave out --delay and --duration",
      );
    }
  } else {
    if (delay > 0 && recording.seconds > delay) {
      bundle.note(
        "info",
        `The server was ready ${Math.round(recording.seconds)} s after its start: the recording, ` +
          `which began at ${delay} s, has the end of the start in it`,
      );
    }
    await nameModel(bundle, baseUrl, values.apiKey);
    await withLoad(run, baseUrl, delay, duration === undefined);
  }
  if (duration !== undefined || first === "over") await ending;
  over.abort();
  if (!recording.over) await recording.stopSession(limitOf(run));
  recording.ended(
    context.signal.aborted
      ? "it was interrupted"
      : timeUp()
      ? "the seconds had passed"
      : capture.load !== "" && values.load
      ? "the load was answered"
      : "nsys stop ended it",
  );
}

/** Sends the load once recording has begun; without a bound in time, it is the bound. */
async function withLoad(
  run: ServerRun,
  baseUrl: string,
  delay: number,
  bounds: boolean,
): Promise<void> {
  const { recording } = run;
  const { context, capture, bundle, values } = recording;
  const load = await loadOf(run, baseUrl);
  capture.load = load.name;
  await load.prepare?.();
  while (recording.seconds < delay && !context.signal.aborted && !recording.over) {
    context.output.progress(`Recording begins in ${Math.ceil(delay - recording.seconds)} s`);
    await context.clock.sleep(LOOK_MS, context.signal);
  }
  context.output.note(`nsys records (${load.name})`);
  if (!values.load && bounds) {
    context.output.note(
      `Recording until Ctrl-C, or until: vscope nsys stop ${recording.task.session}`,
    );
  }
  const { loading, stopLoad } = begin(run, load);
  const says = () => `Recording (${load.name}), ${Math.round(recording.seconds)} s`;
  const answered = new AbortController();
  loading.then(() => answered.abort(), () => answered.abort());
  await recording.untilOver(says, Infinity, answered.signal);
  if (!load.runsOn || context.signal.aborted || recording.over) stopLoad.abort();
  await loading.catch((error) => {
    if (!stopLoad.signal.aborted) bundle.note("error", messageOf(error));
  });
}

function begin(run: ServerRun, load: Load): { loading: Promise<void>; stopLoad: AbortController } {
  const stopLoad = new AbortController();
  const loading = load.run(stopLoad.signal);
  // A failure is told by who waits for it.
  loading.catch(() => {});
  const interruption = () => stopLoad.abort();
  run.recording.context.signal.addEventListener("abort", interruption, { once: true });
  return { loading, stopLoad };
}

async function endOfLoad(
  { recording }: ServerRun,
  load: Load,
  loading: Promise<void>,
  stopLoad: AbortController,
): Promise<void> {
  const { context, bundle, capture } = recording;
  context.output.progress(`Waiting for the load to end (${load.name})`);
  if (capture.window.ended === "it failed" || recording.end) stopLoad.abort();
  await loading.catch((error) => {
    if (capture.window.ended !== "it failed" && !stopLoad.signal.aborted) {
      bundle.note("error", messageOf(error));
    }
  });
}

/** Ends the server, and waits for the report. */
async function finish(run: ServerRun, failed: boolean): Promise<void> {
  const { recording } = run;
  const { context, values, task } = recording;
  if (recording.end) return;
  const limitSec = limitOf(run);
  // A server that never became ready has no report to wait for.
  if (failed && !recording.over) return;
  if (values.keepServing && !context.signal.aborted) {
    await recording.untilWritten({ toTheEnd: false, limitSec });
    return;
  }
  context.output.progress("Ending the server");
  // A recording by the clock is over when nsys ends the server: an INT would meet nsys at its own end.
  const bySelf = task.by === "clock" && !values.keepServing && recording.over;
  recording.endServer(task.server!.port, bySelf);
  await recording.untilWritten({ toTheEnd: true, limitSec });
}

/** The server goes on when the bundle has its capture. */
async function serveOn(run: ServerRun): Promise<void> {
  const { recording, collect } = run;
  const { context, bundle, task } = recording;
  const { baseUrl } = task.server!;
  await collect();
  if (!bundle.captured) return;
  bundle.settled = true;
  context.output.note(`Recorded to ${bundle.dir}; ${baseUrl} goes on until Ctrl-C`);
  while (!context.signal.aborted) {
    // nsys may end ahead of its target.
    if (recording.end !== undefined && !await answers(baseUrl)) return;
    context.output.progress(`Serving at ${baseUrl}`);
    await context.clock.sleep(1000, context.signal);
  }
}

async function answers(baseUrl: string): Promise<boolean> {
  try {
    const response = await fetch(`${baseUrl}/health`, { signal: AbortSignal.timeout(5000) });
    await response.body?.cancel();
    return true;
  } catch {
    return false;
  }
}

/** The load that the options ask for. */
async function loadOf(run: ServerRun, baseUrl: string): Promise<Load> {
  const { recording, invocation, prompts } = run;
  const { values, context, bundle, task } = recording;
  const load = await serverLoad(context, {
    subject: "nsys",
    dir: bundle.dir,
    command: invocation.command,
    baseUrl,
    values,
    prompts,
  });
  if (load.startsProfiler && task.by !== "http") {
    throw new RunError("--profile within --bench needs --capture-range=cudaProfilerApi");
  }
  return load;
}

function limitOf({ recording: { context, values } }: ServerRun): number {
  return context.signal.aborted ? Math.min(values.grace, values.stopTimeout) : values.stopTimeout;
}

function seconds(recording: Recording, start: number): number {
  return Math.round((recording.context.clock.monotonicMs() - start) / 1000);
}

/** Milliseconds are enough. */
export function rounded(value: number): number {
  return Number(value.toFixed(3));
}
