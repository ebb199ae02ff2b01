/**
 * Captures without a server: a Python script loads the model, and tells what it does in a file.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";
import type { MetalCapture, MetalRecord } from "../../bundle/metal_record.ts";
import type { OpenCapture } from "../capture_run.ts";
import { LOGS } from "../guided_command.ts";
import { lastLines } from "../system/log_tail.ts";
import { writeRunner } from "../python/runners.ts";
import { failedStart, meaningOf, SECOND_IGNORED } from "./known_messages.ts";
import type { MetalValues } from "./options.ts";
import { awaitTraces, flawOf, listTraces, recordOf } from "./traces.ts";

/** Names within the bundle. */
export const OFFLINE_CONFIG = "offline.json";
export const OFFLINE_EVENTS = "offline_events.jsonl";
const RUNNER = "offline_runner.py";

/** What is to be run. */
export interface OfflineTask {
  model: string;
  traceDir: string;
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
  values: MetalValues;
  prefix(number: number): string;
}

/**
 * Reads `--engine-args`.
 *
 * @throws {UsageError} when it is no JSON object.
 */
export function engineArguments(text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {};
  try {
    const read: unknown = JSON.parse(text);
    if (typeof read === "object" && read !== null && !Array.isArray(read)) {
      return read as Record<string, unknown>;
    }
  } catch {
    // Told below.
  }
  throw new UsageError(
    `Cannot run metal: --engine-args is ${JSON.stringify(text)}; give a JSON object, as ` +
      '{"max_model_len": 2048}',
  );
}

/** A line of the script. */
interface Event {
  event: "loaded" | "uncaptured" | "starting" | "refused" | "captured";
  number?: number;
  seconds?: number;
  max_model_len?: number | null;
  message?: string;
  request_seconds?: number;
  stop_seconds?: number;
  prompt_tokens?: number;
  completion_tokens?: number;
  traces?: string[];
}

/** Runs the script to its end, and adds what each capture came to to the record. */
export async function captureOffline(
  context: RunContext,
  bundle: OpenCapture,
  record: MetalRecord,
  task: OfflineTask,
): Promise<void> {
  const { files } = context;
  const { values, traceDir, model } = task;
  await writeRunner(files, `metal/${RUNNER}`, `${bundle.dir}/${RUNNER}`);
  const numbers = Array.from({ length: values.captures }, (_, place) => place + 1);
  const config = {
    model,
    trace_dir: traceDir,
    events: `${bundle.dir}/${OFFLINE_EVENTS}`,
    prompt: values.prompt,
    max_tokens: values.maxTokens,
    warmup: values.warmup,
    prefixes: numbers.map((number) => task.prefix(number)),
    engine: engineArguments(values.engineArgs),
  };
  await files.writeTextFile(
    `${bundle.dir}/${OFFLINE_CONFIG}`,
    JSON.stringify(config, null, 2) + "\n",
  );
  bundle.manifest.engine = { ...bundle.manifest.engine, model };
  const before = await listTraces(context, traceDir);
  await bundle.run({ argv: task.argv, env: task.env, graceMs: 1000 * values.grace });

  const events = await readEvents(context, `${bundle.dir}/${OFFLINE_EVENTS}`);
  for (const { event, seconds, max_model_len } of events) {
    if (event === "loaded" && max_model_len) {
      bundle.manifest.engine["max_model_len"] = max_model_len;
    }
    if (event === "uncaptured" && seconds !== undefined) record.uncaptured_seconds = seconds;
  }
  const found = await awaitTraces(context, traceDir, before, {
    quietMs: 1000 * values.settle,
    timeoutMs: 1000 * values.settleTimeout,
    // The script has ended: what has not appeared never will.
    appearMs: 0,
  });
  const log = await lastLines(files, `${bundle.dir}/${LOGS.stderr}`, 400);
  for (const number of numbers) {
    const of = (event: Event) => event.number === number;
    if (!events.some(of)) break;
    const done = events.find((event) => of(event) && event.event === "captured");
    const refused = events.find((event) => of(event) && event.event === "refused");
    const traces = found.traces.filter(({ path }) => done?.traces?.includes(path));
    const capture: MetalCapture = {
      number,
      prefix: task.prefix(number),
      verified: false,
      traces: traces.map((trace) => recordOf(trace, bundle.dir)),
    };
    record.captures.push(capture);
    for (
      const name of [
        "prompt_tokens",
        "completion_tokens",
        "request_seconds",
        "stop_seconds",
      ] as const
    ) {
      const value = done?.[name];
      if (value !== undefined) capture[name] = value;
    }
    const problem = refused
      ? meaningOf([refused.message ?? ""]) ?? refused.message ?? "vLLM refused to start it"
      : !done
      ? "the script ended before it was done"
      : traces.length === 0
      ? missing(log, bundle.captured, traceDir)
      : !found.settled
      ? "the trace was still changing; wait until it is whole before opening it"
      : traces.map(flawOf).find((flaw) => flaw !== undefined);
    capture.verified = problem === undefined;
    if (capture.verified) bundle.captured = true;
    if (problem === undefined) continue;
    capture.problem = problem;
    const which = values.captures > 1 ? `Capture ${number} of ${values.captures}` : "The capture";
    if (!context.signal.aborted) bundle.note("error", `${which} failed: ${problem}`);
  }
  if (record.captures.length === 0 && !context.signal.aborted) {
    bundle.note("error", `The script ended before the first capture; look into ${LOGS.stderr}`);
  }
}

function missing(log: readonly string[], hadOne: boolean, traceDir: string): string {
  const reason = failedStart(log);
  const means = hadOne ? SECOND_IGNORED : meaningOf(log);
  const what = reason === undefined
    ? `vLLM started and stopped its profiler, and left no .gputrace in "${traceDir}"`
    : `vLLM's log says that Metal did not start: ${reason}`;
  return means ? `${what}: ${means}` : what;
}

async function readEvents(context: RunContext, path: string): Promise<Event[]> {
  const text = await context.files.readTextFile(path).catch(() => "");
  return text.split("\n").flatMap((line) => {
    try {
      return [JSON.parse(line) as Event];
    } catch {
      // The script was ended while it wrote.
      return [];
    }
  });
}
