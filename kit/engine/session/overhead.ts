/**
 * What the hooks cost a running server: the same load with a profiler at work and at rest, in turn.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { RunError } from "../../contract/errors.ts";
import { SESSION_PROFILERS } from "../../bundle/merge/hook_coverage.ts";
import { isAlive } from "../../bundle/liveness.ts";
import { ownTables } from "../../bundle/session/own_tables.ts";
import { readRawProcesses } from "../../bundle/merge/raw_session.ts";
import { Samples } from "../../bundle/merge/samples.ts";
import { pauseHooks } from "../../bundle/session/session_folder.ts";
import { studentQuantile } from "../../compare/student.ts";
import { servedModel } from "../server/served.ts";

/** How to measure. */
export interface OverheadPlan {
  baseUrl: string;
  /** The session's folder, where the hooks look for the pause. */
  dir: string;
  pairs: number;
  windowSec: number;
  /** Requests alive at a time. */
  concurrency: number;
}

/** Tokens per second of one pair of windows. */
export interface Pair {
  on: number;
  off: number;
}

/** Cost of one profiler, or of all of them, in percent of tokens per second. */
export interface OverheadResult {
  profiler: string;
  cost_pct: number;
  /** 95 % interval; absent with fewer than three pairs. */
  low_pct?: number;
  high_pct?: number;
  pairs: Pair[];
}

/** Name of the result in the bundle. */
export const OVERHEAD_NAME = "overhead.json";

/** The hooks look for a pause every quarter of a second. */
const SETTLE_MS = 700;
/** A process that is busy may hear of it later; so long is waited. */
const HEARD_MS = 20_000;
const LOOK_MS = 100;
/** A window without a token is so many times as long at most. */
const MOST_WINDOWS = 20;
/** So often is asked over connections that fail. */
const MOST_TRIES = 3;
/** Until the batch is full. */
const WARM_UP_MS = 3000;

/**
 * Measures all profilers together, then each of them. The order within a pair changes from pair to
 * pair. Paused, a kernel that was captured in a CUDA graph stays there and finds nothing to count.
 *
 * @throws {RunError} when the server stops answering. Needs net permission, and write permission on
 * the session.
 */
export async function measureOverhead(
  context: RunContext,
  plan: OverheadPlan,
): Promise<OverheadResult[]> {
  const stop = new AbortController();
  const load = sendLoad(plan, AbortSignal.any([stop.signal, context.signal]));
  const results: OverheadResult[] = [];
  const { processes } = await readRawProcesses(context.files, plan.dir);
  const own = ownTables(processes).map(({ name }) => name);
  const targets = ["all", ...Object.keys(SESSION_PROFILERS), ...own];
  try {
    await context.clock.sleep(WARM_UP_MS, context.signal);
    for (const [place, profiler] of targets.entries()) {
      const pairs: Pair[] = [];
      while (pairs.length < plan.pairs && !context.signal.aborted) {
        context.output.progress(
          `Overhead of ${profiler} (${place + 1} of ${targets.length}): pair ${pairs.length + 1} ` +
            `of ${plan.pairs}`,
        );
        pairs.push(await measurePair(context, plan, profiler, pairs.length % 2 === 0));
      }
      if (context.signal.aborted) break;
      results.push({ profiler, ...costOf(pairs), pairs });
    }
  } finally {
    stop.abort();
    await load;
    // The server ends what its clients have left.
    await context.clock.sleep(SETTLE_MS, context.signal);
  }
  return results;
}

async function measurePair(
  context: RunContext,
  plan: OverheadPlan,
  profiler: string,
  onFirst: boolean,
): Promise<Pair> {
  const pair: Pair = { on: NaN, off: NaN };
  for (const state of onFirst ? ["on", "off"] as const : ["off", "on"] as const) {
    if (state === "off") {
      await pauseHooks(context.files, plan.dir, profiler === "all" ? true : [profiler]);
    }
    try {
      await context.clock.sleep(SETTLE_MS, context.signal);
      if (state === "off") await untilHeard(context, plan.dir, profiler);
      pair[state] = await tokensPerSecond(context, plan);
    } finally {
      if (state === "off") await pauseHooks(context.files, plan.dir, false);
    }
  }
  return pair;
}

/** Tokens per second of a window, which is longer where there is none in it. */
async function tokensPerSecond(context: RunContext, plan: OverheadPlan): Promise<number> {
  const { clock, signal } = context;
  const [before, start] = [await generatedTokens(plan.baseUrl), clock.monotonicMs()];
  for (let windows = 1;; windows++) {
    await clock.sleep(1000 * plan.windowSec, signal);
    const tokens = await generatedTokens(plan.baseUrl) - before;
    if (tokens > 0 || windows === MOST_WINDOWS || signal.aborted) {
      return 1000 * tokens / (clock.monotonicMs() - start);
    }
  }
}

/** Waits until every process of the session rests, or has had its time. */
async function untilHeard(
  { files, clock, signal }: RunContext,
  dir: string,
  profiler: string,
): Promise<void> {
  const start = clock.monotonicMs();
  while (!signal.aborted && clock.monotonicMs() - start < HEARD_MS) {
    const { processes } = await readRawProcesses(files, dir);
    const waits = processes.map(async ({ pid, host, paused, rested }) => {
      const rests = profiler === "all" ? paused.at(-1)?.[1] === null : rested.includes(profiler);
      return !rests && await isAlive(files, { pid, host });
    });
    if (!(await Promise.all(waits)).includes(true)) return;
    await clock.sleep(LOOK_MS, signal);
  }
}

/**
 * Asks again where the connection failed: a server closes one that was idle for some seconds, and may do so just when
 * it is used again. A server that has gone is asked in vain.
 */
async function connected<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1;; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof TypeError) || tries === MOST_TRIES) throw error;
    }
  }
}

/** Keeps requests alive until told to stop. Needs net permission. */
export async function sendLoad(
  plan: Pick<OverheadPlan, "baseUrl" | "concurrency">,
  signal: AbortSignal,
): Promise<void> {
  const { id: model } = await servedModel(plan.baseUrl);
  const sender = async (number: number) => {
    while (!signal.aborted) {
      try {
        const response = await connected(() =>
          fetch(`${plan.baseUrl}/v1/completions`, {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify({
              model,
              prompt: `token ${number}`,
              max_tokens: 400,
              ignore_eos: true,
            }),
            signal,
          })
        );
        await response.body?.cancel();
        if (!response.ok) return;
      } catch {
        // Told to stop, or the server has gone: the windows will tell.
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: plan.concurrency }, (_, number) => sender(number)));
}

/** Tokens that the server has generated, as its own /metrics counts them. Needs net permission. */
export async function generatedTokens(baseUrl: string): Promise<number> {
  const { ok, text } = await connected(async () => {
    const response = await fetch(`${baseUrl}/metrics`);
    return { ok: response.ok, text: await response.text() };
  });
  let sum = 0;
  for (const [, value] of text.matchAll(/^vllm:generation_tokens_total(?:\{.*\})? (\S+)$/gm)) {
    sum += Number(value);
  }
  if (!ok || sum === 0) {
    throw new RunError(
      `Cannot measure the overhead: ${baseUrl}/metrics counts no generated tokens; ` +
        "start vLLM without --disable-log-stats",
    );
  }
  return sum;
}

/** Mean cost and its 95 % interval: Student's, over the logarithms of the pairs' ratios. */
export function costOf(pairs: readonly Pair[]): Omit<OverheadResult, "profiler" | "pairs"> {
  const logs = Samples.of(pairs.map(({ on, off }) => Math.log(on / off)));
  const { count, mean, std } = logs.statistics() ?? { count: 0, mean: NaN, std: NaN };
  const percent = (log: number) => Number((100 * (1 - Math.exp(log))).toFixed(3));
  if (count < 3) return { cost_pct: percent(mean) };
  const margin = studentQuantile(0.95, count - 1) * std / Math.sqrt(count);
  return {
    cost_pct: percent(mean),
    low_pct: percent(mean + margin),
    high_pct: percent(mean - margin),
  };
}
