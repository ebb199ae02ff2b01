/**
 * The summaries of a session: one file per profiler, with the fields of the session layout, and
 * `session_summary.json`, which holds the account of requests and tokens.
 *
 * @module
 */

import type { FileSystem } from "../contract/context.ts";
import type { BatchFigures, Timings } from "./merge_tables.ts";
import type { RequestLife } from "./requests.ts";
import { inMilliseconds, Samples } from "./samples.ts";
import type { StepAdjustments } from "./step_adjustments.ts";

/** What the tables told. */
export interface SessionFigures {
  forward?: { timings: Timings; tokens: Map<string, number>; warmups: number } | undefined;
  batches?: BatchFigures | undefined;
  cpu?: Timings | undefined;
  kv?: { usage: Samples; totalBlocks: number } | undefined;
  requests: readonly RequestLife[];
  adjustments: StepAdjustments;
}

/** Whether forward passes and batches account for the same tokens as the requests do. */
export interface TokenAccount {
  /** Σ (prompt − cached + generated − 1) over the requests that ended with output. */
  expected: number;
  /** Tokens of requests that ended without output, or have not ended, as far as they came. */
  unfinished: number;
  batch?: number;
  /** Per worker, `<engine pid>/<rank>`. */
  forward: Record<string, number>;
  recomputed: number;
  overscheduled: number;
  /** Largest of batch or forward tokens less expected and unfinished; 0 when all is accounted for. */
  difference: number;
}

/** Makes the account. */
export function accountForTokens(figures: SessionFigures): TokenAccount {
  let expected = 0;
  let unfinished = 0;
  for (const life of figures.requests) {
    if (life.status !== undefined && (life.generated ?? 0) > 0) {
      expected += (life.prompt ?? 0) - (life.cached ?? 0) + life.generated! - 1;
    } else {
      unfinished += life.computed ?? 0;
    }
  }
  const forward = Object.fromEntries(figures.forward?.tokens ?? []);
  const { recomputed, overscheduled } = figures.adjustments.totals;
  const measured = figures.batches ? [figures.batches.tokens] : [];
  // Every rank of an engine sees all of its tokens: engines add up, ranks do not.
  const perEngine = new Map<string, number>();
  for (const [worker, tokens] of Object.entries(forward)) {
    const engine = worker.split("/")[0]!;
    perEngine.set(engine, Math.max(perEngine.get(engine) ?? 0, tokens));
  }
  if (perEngine.size > 0) measured.push([...perEngine.values()].reduce((a, b) => a + b, 0));
  let difference = 0;
  for (const tokens of measured) {
    const apart = tokens - expected - unfinished;
    if (Math.abs(apart) > Math.abs(difference)) difference = apart;
  }
  return {
    expected,
    unfinished,
    ...(figures.batches ? { batch: figures.batches.tokens } : {}),
    forward,
    recomputed,
    overscheduled,
    difference,
  };
}

/** Writes every summary whose table there is; returns the token account. */
export async function writeSummaries(
  files: FileSystem,
  session: string,
  figures: SessionFigures,
): Promise<TokenAccount> {
  const write = (name: string, value: unknown) =>
    files.writeTextFile(`${session}/${name}`, JSON.stringify(value, null, 2) + "\n");
  if (figures.forward) await write("forward_pass_summary.json", perName(figures.forward.timings));
  if (figures.cpu) await write("cpu_timing_summary.json", perName(figures.cpu));
  if (figures.batches) await write("batch_utilization_summary.json", batchSummary(figures.batches));
  if (figures.kv) await files.writeTextFile(`${session}/kv_cache_summary.txt`, kvText(figures.kv));
  await write("preemption_summary.json", preemptionSummary(figures.requests));
  const account = accountForTokens(figures);
  await write("session_summary.json", sessionSummary(figures, account));
  return account;
}

function perName(timings: Timings): Record<string, unknown> {
  return Object.fromEntries([...timings].map(([name, samples]) => [name, inMilliseconds(samples)]));
}

const rounded = (value: number | undefined) =>
  value === undefined ? undefined : Number(value.toFixed(4));

function batchSummary(figures: BatchFigures): Record<string, unknown> {
  return {
    total_samples: figures.steps,
    mean_seq_utilization_pct: rounded(figures.sequences.mean()),
    mean_token_utilization_pct: rounded(figures.tokenShare.mean()),
    underutilization_events: figures.underutilized,
    prefill_avg_utilization: rounded(figures.prefillShare.mean()),
    decode_avg_utilization: rounded(figures.decodeShare.mean()),
    max_num_seqs: figures.maxSeqs,
    max_tokens: figures.maxTokens,
  };
}

function kvText(figures: { usage: Samples; totalBlocks: number }): string {
  const usage = figures.usage.statistics();
  const lines = [`Total blocks: ${figures.totalBlocks}`, `Samples: ${figures.usage.count}`];
  if (usage) {
    for (const name of ["mean", "p50", "p95", "max"] as const) {
      lines.push(`Usage ${name}: ${usage[name].toFixed(2)} %`);
    }
  }
  return lines.join("\n") + "\n";
}

function preemptionSummary(requests: readonly RequestLife[]): Record<string, unknown> {
  const preempted = requests.filter((life) => life.preemptions > 0);
  const delays = new Samples();
  const running = new Samples();
  for (const life of preempted) {
    delays.add(life.preemptionDelay);
    running.add((life.preempted ?? NaN) - (life.started ?? NaN));
  }
  return {
    total_preemptions: preempted.reduce((sum, life) => sum + life.preemptions, 0),
    total_requests: requests.length,
    mean_running_time_before_preempt: rounded(running.mean()),
    mean_resume_delay: rounded(delays.mean()),
    max_resume_delay: rounded(delays.statistics()?.max),
  };
}

function sessionSummary(figures: SessionFigures, account: TokenAccount): Record<string, unknown> {
  const times = {
    ttft: new Samples(),
    e2e: new Samples(),
    queue: new Samples(),
    tpot: new Samples(),
  };
  const sums = { prompt_tokens: 0, cached_tokens: 0, generated_tokens: 0 };
  const ends = { finished: 0, aborted: 0, unfinished: 0 };
  for (const life of figures.requests) {
    ends[
      life.status === undefined ? "unfinished" : isAbort(life.status) ? "aborted" : "finished"
    ]++;
    sums.prompt_tokens += life.prompt ?? 0;
    sums.cached_tokens += life.cached ?? 0;
    sums.generated_tokens += life.generated ?? 0;
    const { queued = NaN, started = NaN, firstToken = NaN, finished = NaN } = life;
    times.ttft.add(1000 * (life.ttft ?? firstToken - queued));
    times.e2e.add(1000 * (life.e2e ?? finished - queued));
    times.queue.add(1000 * (started - queued));
    const later = (life.generated ?? 0) - 1;
    if (later > 0) times.tpot.add(1000 * (finished - firstToken) / later);
  }
  const { expected, unfinished, difference, recomputed, overscheduled, batch, forward } = account;
  return {
    requests: {
      count: figures.requests.length,
      ...ends,
      ...sums,
      ttft_ms: inMilliseconds(times.ttft),
      e2e_ms: inMilliseconds(times.e2e),
      queue_ms: inMilliseconds(times.queue),
      tpot_ms: inMilliseconds(times.tpot),
    },
    tokens: {
      useful: batch ?? Object.values(forward)[0],
      expected,
      unfinished,
      difference,
      recomputed,
      overscheduled,
      forward_per_worker: forward,
    },
    steps: figures.batches?.steps,
    warmup_passes: figures.forward?.warmups,
  };
}

/** Whether a request ended because its client, or the server, gave it up. */
export function isAbort(status: string): boolean {
  return status === "abort" || status === "aborted" || status === "error";
}
