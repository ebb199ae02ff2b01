/**
 * Captures from a server that answers: each is started, given its request, stopped, found and
 * verified.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { messageOf } from "../../contract/errors.ts";
import type { MetalCapture, MetalRecord } from "../../bundle/metal_record.ts";
import type { OpenCapture } from "../capture_run.ts";
import { requireProfiler, startProfile, stopProfile } from "../server/profile_control.ts";
import { servedModel, servedVersion } from "../server/served.ts";
import { complete, type Server } from "./completion.ts";
import { FollowedLog } from "./followed_log.ts";
import { failedStart, meaningOf, RESTART, SECOND_IGNORED } from "./known_messages.ts";
import type { MetalValues } from "./options.ts";
import { awaitTraces, flawOf, listTraces, recordOf } from "./traces.ts";

/** A server to capture from. */
export interface ServerTask {
  baseUrl: string;
  /** For a server that asks for a key. */
  apiKey: string | undefined;
  traceDir: string;
  /** Logs in which the server tells why a capture did not start. */
  logs: readonly string[];
  values: MetalValues;
  prefix(number: number): string;
}

/** Within this a trace has begun to appear, or never will: the stop has been answered. */
const APPEAR_MS = 20_000;

/** How long a stop may take once the run has been interrupted. */
const HURRIED_STOP_MS = 10_000;

/**
 * Takes the captures one after the other; what each came to is added to the record at once.
 *
 * @throws {RunError} when there is no point in going on.
 */
export async function captureFromServer(
  context: RunContext,
  bundle: OpenCapture,
  record: MetalRecord,
  task: ServerTask,
): Promise<void> {
  const { values, baseUrl, apiKey } = task;
  const server: Server = { baseUrl, apiKey, timeoutMs: 1000 * values.requestTimeout };
  await requireProfiler(context, baseUrl, RESTART);
  const asking = { apiKey, signal: context.signal };
  const { id: model, root, maxModelLen } = await servedModel(baseUrl, asking);
  const version = await servedVersion(baseUrl, asking);
  if (version) bundle.manifest.versions.vllm ??= version;
  bundle.manifest.engine = {
    ...bundle.manifest.engine,
    model: root,
    ...(maxModelLen === undefined ? {} : { max_model_len: maxModelLen }),
  };
  const request = { model, prompt: values.prompt, maxTokens: values.maxTokens };
  const lines: string[] = [];
  const followed = task.logs.map((path) => new FollowedLog(context.files, path));
  const log: Log = {
    lines,
    followed: followed.length > 0,
    async poll() {
      for (const each of followed) lines.push(...await each.lines());
    },
  };
  await log.poll();
  Object.assign(bundle.manifest.engine, factsOf(lines));
  if (values.warmup) {
    context.output.progress("Sending the request once without a capture");
    record.uncaptured_seconds = (await complete(context, server, request)).seconds;
  }
  for (let number = 1; number <= values.captures && !context.signal.aborted; number++) {
    lines.length = 0;
    const capture: MetalCapture = {
      number,
      prefix: task.prefix(number),
      verified: false,
      traces: [],
    };
    record.captures.push(capture);
    const of = values.captures > 1 ? `Capture ${number} of ${values.captures}` : "The capture";
    context.output.note(
      `Capturing ${number} of ${values.captures}: ${values.maxTokens} tokens, about ` +
        `${Math.round(record.estimate.seconds / record.estimate.captures)} s`,
    );
    let hopeless: boolean;
    try {
      hopeless = await captureOne(context, bundle, task, server, request, capture, log);
    } catch (error) {
      capture.problem ??= messageOf(error);
      throw error;
    }
    if (capture.verified) bundle.captured = true;
    if (capture.problem === undefined || context.signal.aborted) continue;
    bundle.note("error", `${of} failed: ${capture.problem}`);
    if (hopeless && number < values.captures) {
      bundle.note("error", `Captures ${number + 1} to ${values.captures} were not tried`);
    }
    if (hopeless) return;
  }
}

interface Log {
  /** Since the capture began. */
  lines: string[];
  /** Whether there is a log at all. */
  followed: boolean;
  poll(): Promise<void>;
}

/** Takes one capture; returns whether the next would fail the same way. */
async function captureOne(
  context: RunContext,
  bundle: OpenCapture,
  task: ServerTask,
  server: Server,
  request: Parameters<typeof complete>[2],
  capture: MetalCapture,
  log: Log,
): Promise<boolean> {
  const { values, baseUrl, traceDir } = task;
  const before = await listTraces(context, traceDir);
  const timeoutMs = 1000 * values.requestTimeout;
  try {
    await startProfile(context, baseUrl, { prefix: capture.prefix });
  } catch (error) {
    capture.problem = await refusal(context, error, log);
    return true;
  }
  try {
    const { promptTokens, completionTokens, seconds } = await complete(context, server, request);
    if (promptTokens !== undefined) capture.prompt_tokens = promptTokens;
    if (completionTokens !== undefined) capture.completion_tokens = completionTokens;
    capture.request_seconds = seconds;
  } catch (error) {
    capture.problem = `its request failed: ${messageOf(error)}`;
  }
  const begin = context.clock.monotonicMs();
  try {
    const ms = context.signal.aborted ? HURRIED_STOP_MS : timeoutMs;
    await stopProfile(baseUrl, { signal: AbortSignal.timeout(ms) });
  } catch (error) {
    capture.problem ??= await refusal(context, error, log);
  }
  capture.stop_seconds = (context.clock.monotonicMs() - begin) / 1000;
  const found = await awaitTraces(context, traceDir, before, {
    quietMs: 1000 * values.settle,
    timeoutMs: 1000 * values.settleTimeout,
    appearMs: Math.min(APPEAR_MS, 1000 * values.settleTimeout),
    async hopeless() {
      await log.poll();
      return failedStart(log.lines) !== undefined;
    },
  });
  await log.poll();
  capture.settle_seconds = found.seconds;
  capture.traces = found.traces.map((trace) => recordOf(trace, bundle.dir));
  if (found.traces.length === 0) {
    capture.problem ??= noTrace(task, log.lines, bundle.captured, found.seconds);
    return true;
  }
  if (!found.settled) {
    capture.problem ??= `the trace was still changing after ${Math.round(found.seconds)} s; wait ` +
      "until it is whole before opening it, and give a longer --settle-timeout";
    return false;
  }
  const flaw = found.traces.map(flawOf).find((each) => each !== undefined);
  if (flaw !== undefined) capture.problem ??= flaw;
  capture.verified = capture.problem === undefined;
  return false;
}

/** A log may lag behind the answer by this. */
const LOG_LAG_MS = 2000;

/** Why a call was refused: the answer, the log, and what they mean. */
async function refusal(context: RunContext, error: unknown, log: Log): Promise<string> {
  const answer = messageOf(error);
  const deadline = context.clock.monotonicMs() + LOG_LAG_MS;
  for (;;) {
    await log.poll();
    const means = meaningOf([answer, ...log.lines]);
    if (means) return `${means} (${answer})`;
    if (!log.followed || context.signal.aborted || context.clock.monotonicMs() > deadline) break;
    await context.clock.sleep(100, context.signal);
  }
  return `${answer}; look into the server's log for the reason`;
}

/** Why a capture that was started and stopped left nothing. */
function noTrace(
  task: ServerTask,
  lines: readonly string[],
  hadOne: boolean,
  seconds: number,
): string {
  const reason = failedStart(lines);
  const what = reason === undefined
    ? `the server answered 200, and no .gputrace appeared in "${task.traceDir}" within ` +
      `${Math.round(seconds)} s`
    : `the server answered 200, but its log says that Metal did not start: ${reason}`;
  const means = meaningOf(lines) ?? (hadOne ? SECOND_IGNORED : undefined);
  if (means) return `${what}: ${means}`;
  return reason === undefined
    ? `${what}; check that the server writes to this folder and was started with ` +
      "MTL_CAPTURE_ENABLED=1, and look into its log"
    : what;
}

/** What vLLM's log tells of the engine. */
function factsOf(lines: readonly string[]): Record<string, number> {
  const facts: Record<string, number> = {};
  for (const line of lines) {
    const tokens = /KV cache size: ([\d,]+) tokens/.exec(line)?.[1];
    if (tokens) facts["kv_cache_tokens"] = Number(tokens.replaceAll(",", ""));
  }
  return facts;
}
