/**
 * Measuring a server: its window, the load in it, and its end.
 *
 * @module
 */

import type { RunningProcess } from "../../contract/context.ts";
import { messageOf } from "../../contract/errors.ts";
import type { Invocation } from "../../contract/recipe.ts";
import { requireProfiler, startProfile, stopProfile } from "../server/profile_control.ts";
import { waitUntilHealthy } from "../server/readiness.ts";
import type { PlannedRequest } from "../server/requests.ts";
import type { Load } from "../load/load.ts";
import { nameModel } from "../torch/record.ts";
import { serverLoad } from "../load/server_load.ts";
import type { Measuring } from "./measuring.ts";

/** Beyond the longest measuring, an answer may take so long. */
const ANSWER_SEC = 600;

/** A server that ncu starts. */
export interface ServerRun {
  measuring: Measuring;
  invocation: Invocation;
  prompts: readonly PlannedRequest[] | undefined;
  process: RunningProcess;
  logPath: string;
}

/** Measures, and ends the server. */
export async function measureServer(run: ServerRun): Promise<void> {
  const { measuring } = run;
  const { task, values, context, bundle, capture } = measuring;
  let failure: unknown;
  try {
    await byProfiler(run);
  } catch (error) {
    failure = error;
    measuring.ended(context.signal.aborted ? "it was interrupted" : "it failed");
  }
  const stopping = context.clock.monotonicMs();
  // A server that never became ready has no report to wait for.
  if (measuring.end === undefined && failure === undefined) {
    context.output.progress("Ending the server");
    measuring.endServer(task.server!.port);
    const limit = context.signal.aborted
      ? Math.min(values.grace, values.stopTimeout)
      : values.stopTimeout;
    await measuring.untilEnded(limit).catch((error) => bundle.note("error", messageOf(error)));
  }
  capture.window.report_seconds = rounded((context.clock.monotonicMs() - stopping) / 1000);
  if (failure !== undefined) throw failure;
}

async function byProfiler(run: ServerRun): Promise<void> {
  const { measuring, process, logPath } = run;
  const { context, bundle, values, capture } = measuring;
  const { baseUrl } = measuring.task.server!;
  await waitUntilHealthy(context, process, {
    baseUrl,
    logPath,
    timeoutMs: 1000 * values.startTimeout,
  });
  await requireProfiler(context, baseUrl, "look into logs/ for how vLLM read its command line");
  const load = await loadOf(run, baseUrl);
  capture.load = load.name;
  await nameModel(bundle, baseUrl, values.apiKey);
  await load.prepare?.();
  if (context.signal.aborted) return;
  if (!load.startsProfiler) await startProfile(context, baseUrl);
  context.output.note(
    load.startsProfiler
      ? `The load "${load.name}" starts and stops the profiler`
      : `ncu measures (${load.name})`,
  );
  let start = context.clock.monotonicMs();
  const { loading, stopLoad, over } = begin(run, load);
  const bounds = async () => {
    if (load.began) {
      await load.began(AbortSignal.any([over.signal, context.signal]));
      start = context.clock.monotonicMs();
    }
    const limit = values.maxSeconds;
    await measuring.untilOver(() => `Measuring, ${measuring.progress}`, limit, over.signal);
    if (!over.signal.aborted) measuring.ended(whyOver(measuring, load));
  };
  const answered = loading.then(() =>
    measuring.ended(load.startsProfiler ? "the load ended it" : "the load was answered")
  );
  let failed = false;
  try {
    await Promise.race([answered, bounds()]);
  } catch (error) {
    failed = true;
    measuring.ended(context.signal.aborted ? "it was interrupted" : "it failed");
    if (!context.signal.aborted) bundle.note("error", messageOf(error));
  }
  over.abort();
  capture.window.seconds = rounded((context.clock.monotonicMs() - start) / 1000);
  await stop(run, load);
  if (!load.runsOn || context.signal.aborted || failed) stopLoad.abort();
  if (measuring.end !== undefined || measuring.hopeless) stopLoad.abort();
  context.output.progress(`Waiting for the load to end (${load.name})`);
  await loading.catch((error) => {
    if (!failed && !stopLoad.signal.aborted) bundle.note("error", messageOf(error));
  });
}

/** Why the window was over before the load was answered. */
function whyOver(measuring: Measuring, load: Load) {
  if (measuring.context.signal.aborted) return "it was interrupted";
  if (measuring.hopeless) return "ncu could not measure";
  if (measuring.all) return "the launches were measured";
  if (measuring.end !== undefined) return "it failed";
  return load.startsProfiler ? "the load ended it" : "the seconds had passed";
}

/** Stops the profiler: between two steps, so that the last launches are whole. */
async function stop({ measuring }: ServerRun, load: Load): Promise<void> {
  const { context, values, bundle, task } = measuring;
  if (measuring.end !== undefined || load.startsProfiler) return;
  const limit = context.signal.aborted ? values.grace : values.stopTimeout;
  context.output.progress("Stopping the profiler");
  await stopProfile(task.server!.baseUrl, {
    signal: AbortSignal.timeout(1000 * Math.max(1, limit)),
  }).catch((error) => {
    if (measuring.end === undefined) bundle.note("warning", messageOf(error));
  });
}

function begin(run: ServerRun, load: Load) {
  const [stopLoad, over] = [new AbortController(), new AbortController()];
  const loading = load.run(stopLoad.signal);
  // A failure is told by who waits for it.
  loading.catch(() => {});
  const interruption = () => stopLoad.abort();
  run.measuring.context.signal.addEventListener("abort", interruption, { once: true });
  return { loading, stopLoad, over };
}

async function loadOf(run: ServerRun, baseUrl: string): Promise<Load> {
  const { measuring: { context, bundle, values }, invocation, prompts } = run;
  return await serverLoad(context, {
    subject: "ncu",
    dir: bundle.dir,
    command: invocation.command,
    baseUrl,
    values: { ...values, requestSeconds: values.maxSeconds + ANSWER_SEC },
    prompts,
  });
}

/** Milliseconds are enough. */
export function rounded(value: number): number {
  return Number(value.toFixed(3));
}
