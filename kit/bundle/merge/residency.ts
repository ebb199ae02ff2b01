/**
 * Evicted KV blocks, preemption events, and encoder and decoder times.
 *
 * @module
 */

import { type MergeSource, open, samplesOf, type Timings, watched } from "./source.ts";
import { mergedRows } from "./raw_session.ts";
import type { RequestLife } from "./requests.ts";
import { Samples } from "./samples.ts";

/** kv_cache_evictions.csv */
export async function writeEvictions(
  source: MergeSource,
): Promise<{ lifetime: Samples; idle: Samples } | undefined> {
  if (!watched(source, "kv_eviction")) return undefined;
  const writer = await open(source, "kv_cache_evictions");
  const figures = { lifetime: new Samples(), idle: new Samples() };
  for await (
    const row of mergedRows(source.files, source.processes, "kv_cache_evictions", source.cut)
  ) {
    figures.lifetime.add(row.number("lifetime_sec") ?? NaN);
    figures.idle.add(row.number("idle_sec") ?? NaN);
    await writer.add([
      row.get("timestamp_sec"),
      row.get("lifetime_sec"),
      row.get("idle_sec"),
      row.get("access_count"),
      row.get("block_id"),
      row.process.pid,
    ]);
  }
  await writer.close();
  return figures;
}

/** What preemption_summary.json needs beyond the requests. */
export interface PreemptionFigures {
  reasons: Record<string, number>;
  /** Seconds that a request had been running when it was preempted. */
  running: Samples;
}

/** preemption_events.csv */
export async function writePreemptions(
  source: MergeSource,
  requests: readonly RequestLife[],
): Promise<PreemptionFigures | undefined> {
  if (!watched(source, "request_lifecycle")) return undefined;
  const writer = await open(source, "preemption_events");
  const names = new Map(requests.map((life) => [life.engineId, life.clientId]));
  const since = new Map<string, number>();
  const reasons = new Map<string, string>();
  const figures: PreemptionFigures = { reasons: {}, running: new Samples() };
  // The requests' own reader counts a line that is cut off; not twice.
  const cut = { lines: 0 };
  for await (const row of mergedRows(source.files, source.processes, "request_events", cut)) {
    const [id, event, at = NaN] = [
      row.get("request_id"),
      row.get("event"),
      row.number("timestamp_sec"),
    ];
    if (event === "scheduled") since.set(id, at);
    if (event === "finished") since.delete(id);
    if (event !== "preempted" && event !== "resumed") continue;
    const ran = event === "preempted" ? at - (since.get(id) ?? NaN) : NaN;
    if (event === "preempted") {
      const reason = row.get("reason") || "unknown";
      reasons.set(id, reason);
      figures.reasons[reason] = (figures.reasons[reason] ?? 0) + 1;
      figures.running.add(ran);
    } else since.set(id, at);
    const extra = ["computed_tokens", "generated_tokens", "free_blocks"]
      .filter((name) => row.get(name) !== "")
      .map((name) => `${name}=${row.get(name)}`);
    await writer.add([
      row.get("timestamp_sec"),
      names.get(id) ?? id,
      event,
      reasons.get(id),
      Number.isFinite(ran) ? ran.toFixed(6) : undefined,
      extra.join(";"),
      id,
      row.process.pid,
    ]);
  }
  await writer.close();
  return figures;
}

/** encoder_decoder_timing.csv; only where a model has shown that it has an encoder. */
export async function writeEncoders(source: MergeSource): Promise<Timings | undefined> {
  const timings: Timings = new Map();
  let writer: Awaited<ReturnType<typeof open>> | undefined;
  for await (
    const row of mergedRows(source.files, source.processes, "encoder_decoder_timing", source.cut)
  ) {
    writer ??= await open(source, "encoder_decoder_timing");
    samplesOf(timings, row.get("component")).add(row.number("duration_ms") ?? NaN);
    await writer.add([
      row.get("timestamp_sec"),
      row.get("component"),
      row.get("duration_ms"),
      row.get("context"),
      row.get("timing"),
      row.get("rank"),
      row.process.pid,
    ]);
  }
  await writer?.close();
  return writer ? timings : undefined;
}
