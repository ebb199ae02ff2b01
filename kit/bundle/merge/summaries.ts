/**
 * The summaries of a session: one file per profiler, with the fields of the session layout, and
 * `session_summary.json`, which holds the account of requests and tokens.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import type { ExpertFigures } from "./experts.ts";
import { type GraphFigures, graphSummary } from "./graphs.ts";
import type { PreemptionFigures } from "./residency.ts";
import type { Timings } from "./source.ts";
import type { BatchFigures, ForwardFigures } from "./tables.ts";
import type { RequestLife } from "./requests.ts";
import { inMilliseconds, Samples } from "./samples.ts";
import { writeWhole } from "../files/whole_file.ts";
import type { StepAdjustments } from "./step_adjustments.ts";

/** What the tables told. */
export interface SessionFigures {
  forward?: ForwardFigures | undefined;
  batches?: BatchFigures | undefined;
  cpu?: Timings | undefined;
  kv?: { usage: Samples; totalBlocks: number } | undefined;
  evictions?: { lifetime: Samples; idle: Samples } | undefined;
  graphs?: GraphFigures | undefined;
  experts?: ExpertFigures | undefined;
  encoders?: Timings | undefined;
  preemptions?: PreemptionFigures | undefined;
  requests: readonly RequestLife[];
  adjustments: StepAdjustments;
  /** `model_type` of the model's config. */
  modelType?: string | undefined;
  /** Seconds that each profiler took, by process. */
  costSec: Record<string, Record<string, number>>;
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
function accountForTokens(figures: SessionFigures): TokenAccount {
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
    writeWhole(files, `${session}/${name}`, JSON.stringify(value, null, 2) + "\n");
  if (figures.forward) await write("forward_pass_summary.json", forwardSummary(figures.forward));
  if (figures.graphs) await write("cuda_graph_summary.json", graphSummary(figures.graphs));
  if (figures.experts) {
    await write("moe_expert_tracking/moe_summary.json", figures.experts.layers);
  }
  if (figures.encoders) await write("encoder_decoder_summary.json", encoderSummary(figures));
  if (figures.cpu) await write("cpu_timing_summary.json", perName(figures.cpu));
  if (figures.batches) await write("batch_utilization_summary.json", batchSummary(figures.batches));
  if (figures.kv) await writeWhole(files, `${session}/kv_cache_summary.txt`, kvText(figures));
  await write("preemption_summary.json", preemptionSummary(figures));
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

function forwardSummary({ timings, hostErrors }: ForwardFigures): Record<string, unknown> {
  return Object.fromEntries(
    [...timings].map(([phase, samples]) => {
      const sums = hostErrors.get(phase);
      return [phase, {
        ...inMilliseconds(samples),
        // How wrong the host's clock would have been, where both clocks timed the passes.
        ...(sums && sums.eventMs > 0
          ? { host_error_pct: rounded(100 * (sums.hostMs - sums.eventMs) / sums.eventMs) }
          : {}),
      }];
    }),
  );
}

/** Upper ends of the bands of KV cache use, in percent. */
const KV_BANDS = [40, 60, 80, 90, 100];

function kvText(figures: SessionFigures): string {
  const { kv, evictions, requests } = figures;
  if (!kv) return "";
  const usage = kv.usage.statistics();
  const lines = [`Total blocks: ${kv.totalBlocks}`, `Samples: ${kv.usage.count}`];
  if (usage) {
    for (const name of ["mean", "p50", "p95", "max"] as const) {
      lines.push(`Usage ${name}: ${usage[name].toFixed(2)} %`);
    }
    let from = 0;
    for (const to of KV_BANDS) {
      const share = 100 * kv.usage.shareBetween(from, to === 100 ? Infinity : to);
      lines.push(`Samples from ${from} to ${to} %: ${share.toFixed(2)} %`);
      from = to;
    }
  }
  if (evictions) {
    lines.push(`Evictions: ${evictions.lifetime.count}`);
    const [lifetime, idle] = [evictions.lifetime.mean(), evictions.idle.mean()];
    if (lifetime !== undefined) lines.push(`Mean lifetime of evicted: ${lifetime.toFixed(3)} s`);
    if (idle !== undefined) lines.push(`Mean idle time of evicted: ${idle.toFixed(3)} s`);
  }
  const sum = (name: "cached" | "prompt") =>
    requests.reduce((total, life) => total + (life[name] ?? 0), 0);
  if (sum("prompt") > 0) {
    const share = (100 * sum("cached") / sum("prompt")).toFixed(2);
    lines.push(`Prefix cache: ${sum("cached")} of ${sum("prompt")} prompt tokens, ${share} %`);
  }
  return lines.join("\n") + "\n";
}

function encoderSummary({ encoders, modelType }: SessionFigures): Record<string, unknown> {
  const found: Record<string, unknown> = { model_type: modelType };
  const totals: Record<string, number> = {};
  for (const [component, samples] of encoders ?? []) {
    const statistics = samples.statistics();
    if (!statistics) continue;
    totals[component] = statistics.count * statistics.mean;
    found[component] = {
      count: statistics.count,
      total_ms: rounded(totals[component]),
      mean_ms: rounded(statistics.mean),
      std_ms: rounded(statistics.std),
    };
  }
  // Cross-attention is a part of the decoder.
  const whole = (totals["encoder"] ?? 0) + (totals["decoder"] ?? 0);
  for (const [component, ms] of Object.entries(totals)) {
    if (whole > 0) found[`${component}_pct`] = rounded(100 * ms / whole);
  }
  return found;
}

function preemptionSummary(figures: SessionFigures): Record<string, unknown> {
  const { requests, preemptions } = figures;
  const preempted = requests.filter((life) => life.preemptions > 0);
  const delays = Samples.of(preempted.flatMap((life) => life.preemptionDelays));
  return {
    total_preemptions: preempted.reduce((sum, life) => sum + life.preemptions, 0),
    total_requests: requests.length,
    preemption_reasons: preemptions?.reasons ?? {},
    mean_running_time_before_preempt: rounded(preemptions?.running.mean()),
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
    ...(figures.experts
      ? {
        experts: {
          tokens: figures.experts.tokens,
          expected_activations_per_layer: figures.experts.expectedPerLayer,
          exact: figures.experts.inexact.length === 0,
          sampled_tokens: figures.experts.sampledTokens,
        },
      }
      : {}),
    hooks_cost_sec: figures.costSec,
  };
}

/** Whether a request ended because its client, or the server, gave it up. */
export function isAbort(status: string): boolean {
  return status === "abort" || status === "aborted" || status === "error";
}
