/**
 * The tables of a session, written from the per-process ones.
 *
 * Each writer below fills one table and returns what the summaries need of it.
 *
 * @module
 */

import { type MergeSource, open, samplesOf, type Timings, watched } from "./source.ts";
import { mergedRows, type RawRow } from "./raw_session.ts";
import type { RequestLife } from "./requests.ts";
import { Samples } from "./samples.ts";

/** The tokens of a row that count, and those that do not. */
function usefulTokens(
  source: MergeSource,
  row: RawRow,
  pid: number | undefined,
): { scheduled: number; useful: number; recomputed: number; overscheduled: number } {
  const scheduled = row.number("scheduled_tokens") ?? 0;
  const off = source.adjustments.of(pid, row.number("step"));
  return { scheduled, useful: scheduled - off.recomputed - off.overscheduled, ...off };
}

/** What forward_pass_summary.json and the account of tokens need. */
export interface ForwardFigures {
  timings: Timings;
  /** Sums per phase of passes that both clocks timed, in milliseconds. */
  hostErrors: Map<string, { eventMs: number; hostMs: number }>;
  tokens: Map<string, number>;
  warmups: number;
}

/** forward_pass_timing.csv */
export async function writeForwardPasses(source: MergeSource): Promise<
  ForwardFigures | undefined
> {
  if (!watched(source, "forward_pass")) return undefined;
  const writer = await open(source, "forward_pass_timing");
  const timings: Timings = new Map();
  const hostErrors: ForwardFigures["hostErrors"] = new Map();
  const tokens = new Map<string, number>();
  let warmups = 0;
  const numbered = watched(source, "scheduler_steps");
  for await (
    const row of mergedRows(source.files, source.processes, "forward_pass_timing", source.cut)
  ) {
    // No scheduler made this batch: vLLM was warming up its kernels.
    if (numbered && row.get("step") === "") {
      warmups++;
      continue;
    }
    const count = usefulTokens(source, row, row.number("engine_pid"));
    const time = row.number("forward_time_ms");
    const rank = row.get("rank") || "0";
    const worker = `${row.get("engine_pid")}/${rank}`;
    tokens.set(worker, (tokens.get(worker) ?? 0) + count.useful);
    samplesOf(timings, row.get("phase")).add(time ?? NaN);
    if (row.get("timing") === "cuda_event") {
      const sums = hostErrors.get(row.get("phase")) ?? { eventMs: 0, hostMs: 0 };
      sums.eventMs += time ?? 0;
      sums.hostMs += row.number("host_time_ms") ?? 0;
      hostErrors.set(row.get("phase"), sums);
    }
    await writer.add([
      row.get("timestamp_sec"),
      row.get("phase"),
      row.get("num_seqs"),
      count.useful,
      row.get("forward_time_ms"),
      time ? (count.useful / time * 1000).toFixed(2) : undefined,
      row.get("step"),
      count.recomputed,
      count.overscheduled,
      row.get("context_tokens"),
      row.get("generation_tokens"),
      row.get("sample_time_ms"),
      row.get("host_time_ms"),
      row.get("timing"),
      row.get("rank"),
      row.process.pid,
      row.get("cudagraph_mode"),
      row.get("graph_tokens"),
    ]);
  }
  await writer.close();
  return { timings, hostErrors, tokens, warmups };
}

/** What batch_utilization_summary.json needs. */
export interface BatchFigures {
  steps: number;
  tokens: number;
  sequences: Samples;
  tokenShare: Samples;
  prefillShare: Samples;
  decodeShare: Samples;
  underutilized: number;
  maxSeqs: number;
  maxTokens: number;
}

/** batch_utilization.csv */
export async function writeBatches(source: MergeSource): Promise<BatchFigures | undefined> {
  if (!watched(source, "batch_utilization")) return undefined;
  const writer = await open(source, "batch_utilization");
  const figures: BatchFigures = {
    steps: 0,
    tokens: 0,
    sequences: new Samples(),
    tokenShare: new Samples(),
    prefillShare: new Samples(),
    decodeShare: new Samples(),
    underutilized: 0,
    maxSeqs: 0,
    maxTokens: 0,
  };
  for await (
    const row of mergedRows(source.files, source.processes, "batch_utilization", source.cut)
  ) {
    const count = usefulTokens(source, row, row.process.pid);
    const maxSeqs = row.number("max_num_seqs") ?? 0;
    const maxTokens = row.number("max_tokens") ?? 0;
    const seqShare = maxSeqs ? 100 * (row.number("num_seqs") ?? 0) / maxSeqs : undefined;
    const tokenShare = maxTokens ? 100 * count.scheduled / maxTokens : undefined;
    const phase = row.get("phase");
    figures.steps++;
    figures.tokens += count.useful;
    figures.sequences.add(seqShare ?? NaN);
    figures.tokenShare.add(tokenShare ?? NaN);
    (phase === "decode" ? figures.decodeShare : figures.prefillShare).add(tokenShare ?? NaN);
    if (tokenShare !== undefined && tokenShare < 50) figures.underutilized++;
    figures.maxSeqs = Math.max(figures.maxSeqs, maxSeqs);
    figures.maxTokens = Math.max(figures.maxTokens, maxTokens);
    await writer.add([
      row.get("timestamp_sec"),
      row.get("num_seqs"),
      row.get("max_num_seqs"),
      seqShare?.toFixed(2),
      count.useful,
      row.get("max_tokens"),
      tokenShare?.toFixed(2),
      phase,
      row.get("running_queue_len"),
      row.get("waiting_queue_len"),
      row.get("step"),
      count.recomputed,
      count.overscheduled,
      row.get("context_requests"),
      row.get("context_tokens"),
      row.get("generation_requests"),
      row.get("generation_tokens"),
      row.process.pid,
      row.get("kv_tokens"),
      row.get("attention_pairs"),
    ]);
  }
  await writer.close();
  return figures;
}

/** cpu_operations_timing.csv */
export async function writeCpuOperations(source: MergeSource): Promise<Timings | undefined> {
  if (!watched(source, "cpu_operations")) return undefined;
  const writer = await open(source, "cpu_operations_timing");
  const timings: Timings = new Map();
  const numbered = watched(source, "scheduler_steps");
  for await (
    const row of mergedRows(source.files, source.processes, "cpu_operations_timing", source.cut)
  ) {
    const operation = row.get("operation");
    const ofWorker = operation !== "output_processing" && operation !== "detokenization";
    if (numbered && ofWorker && row.get("context") === "") continue;
    samplesOf(timings, operation).add(row.number("duration_ms") ?? NaN);
    await writer.add([
      row.get("timestamp_sec"),
      operation,
      row.get("duration_ms"),
      row.get("context"),
      row.get("rank"),
      row.process.pid,
    ]);
  }
  await writer.close();
  return timings;
}

/** kv_cache_usage.csv */
export async function writeKvCache(
  source: MergeSource,
): Promise<{ usage: Samples; totalBlocks: number } | undefined> {
  if (!watched(source, "kv_cache")) return undefined;
  const writer = await open(source, "kv_cache_usage");
  const usage = new Samples();
  let totalBlocks = 0;
  for await (
    const row of mergedRows(source.files, source.processes, "kv_cache_usage", source.cut)
  ) {
    usage.add(row.number("usage_pct") ?? NaN);
    totalBlocks = Math.max(totalBlocks, row.number("total_blocks") ?? 0);
    await writer.add([
      row.get("timestamp_sec"),
      row.get("usage_pct"),
      row.get("num_blocks"),
      row.get("total_blocks"),
      row.process.pid,
    ]);
  }
  await writer.close();
  return { usage, totalBlocks };
}

/** request_lifecycle.csv */
export async function writeRequests(
  source: MergeSource,
  requests: readonly RequestLife[],
): Promise<boolean> {
  if (!watched(source, "request_lifecycle")) return false;
  const writer = await open(source, "request_lifecycle");
  for (const life of requests) {
    const total = life.finished !== undefined && life.started !== undefined
      ? (life.finished - life.started).toFixed(6)
      : undefined;
    await writer.add([
      life.clientId ?? life.engineId,
      life.started,
      life.preempted,
      life.resumed,
      life.finished,
      total,
      life.preemptionDelays.length > 0
        ? life.preemptionDelays.reduce((sum, delay) => sum + delay).toFixed(6)
        : undefined,
      life.prompt,
      life.cached,
      life.generated,
      life.queued,
      life.firstToken,
      life.status ?? "unfinished",
      life.preemptions,
      life.computed,
      life.engineId,
      life.enginePid,
    ]);
  }
  await writer.close();
  return true;
}
