/** A session made up for tests: requests that a scheduler like vLLM's takes step by step. */

import { columnsOf, SESSION_TABLES } from "../../../kit/bundle/session/session_tables.ts";
import type { Batch } from "../../../kit/sweep/predict/batch.ts";

/** A request. */
export interface MadeRequest {
  /** Step at whose end it has arrived. */
  readonly arrives: number;
  readonly prompt: number;
  readonly cached: number;
  readonly generated: number;
}

/** What a step takes, in ms. */
export type StepTime = (batch: Batch) => { forwardMs: number; sampleMs: number };

/**
 * Writes the tables of a session in which each request has chunks of its prompt as `budget` tokens a
 * step allow, then a decode a step; returns the batches of its steps.
 */
export async function writeSession(
  dir: string,
  requests: readonly MadeRequest[],
  budget: number,
  time: StepTime,
  engine: Readonly<Record<string, unknown>> = {},
): Promise<Batch[]> {
  const batches: Batch[] = [];
  const rows = { forward: [] as Row[], batch: [] as Row[], life: [] as Row[] };
  const live = requests.map((request, number) => ({
    ...request,
    number,
    kv: request.cached,
    left: request.prompt - request.cached,
    decodes: request.generated - 1,
    started: -1,
  }));
  for (let step = 1;; step++) {
    const there = live.filter(({ arrives }) => arrives < step);
    const decoding = there.filter(({ left, decodes }) => left === 0 && decodes > 0);
    let room = budget - decoding.length;
    const chunks: { request: typeof live[number]; tokens: number; history: number }[] = [];
    for (const request of there.filter(({ left }) => left > 0)) {
      const tokens = Math.min(request.left, room);
      if (tokens <= 0) break;
      room -= tokens;
      chunks.push({ request, tokens, history: request.kv });
    }
    if (decoding.length + chunks.length === 0) {
      if (there.length === live.length) break;
      continue;
    }
    const decodes = decoding.map(({ kv }) => ({ tokens: 1, history: kv, count: 1 }));
    const prefills = chunks.map(({ tokens, history }) => ({ tokens, history, count: 1 }));
    const all = [...prefills, ...decodes];
    const batch = {
      prefills: prefills.filter(({ tokens }) => tokens > 1),
      decodes: [...prefills.filter(({ tokens }) => tokens === 1), ...decodes],
    };
    batches.push(batch);
    for (const { request, tokens } of chunks) {
      if (request.started < 0) request.started = step + 0.001;
      request.kv += tokens;
      request.left -= tokens;
    }
    for (const request of decoding) {
      request.kv++;
      request.decodes--;
    }
    const phase = chunks.length === 0 ? "decode" : decoding.length === 0 ? "prefill" : "mixed";
    const { forwardMs, sampleMs } = time(batch);
    const contextTokens = prefills.reduce((total, { tokens }) => total + tokens, 0);
    rows.forward.push({
      timestamp_sec: step + 0.002,
      phase,
      step,
      forward_time_ms: forwardMs,
      sample_time_ms: sampleMs,
      timing: "cuda_event",
      rank: 0,
      pid: 8,
      cudagraph_mode: "NONE",
    });
    rows.batch.push({
      timestamp_sec: step,
      phase,
      step,
      recomputed_tokens: 0,
      overscheduled_tokens: 0,
      context_requests: chunks.length,
      context_tokens: contextTokens,
      generation_requests: decoding.length,
      generation_tokens: decoding.length,
      pid: 7,
      kv_tokens: all.reduce((total, { tokens, history }) => total + tokens + history, 0),
      attention_pairs: all.reduce(
        (total, { tokens, history }) => total + tokens * history + tokens * (tokens + 1) / 2,
        0,
      ),
    });
  }
  rows.life.push(...live.map(({ number, started, arrives, prompt, cached, generated }) => ({
    request_id: number,
    started_sec: started,
    queued_sec: arrives + number / 1e6,
    prompt_tokens: prompt,
    cached_tokens: cached,
    generated_tokens: generated,
    status: "length",
  })));
  await Deno.mkdir(dir, { recursive: true });
  await write(dir, "forward_pass_timing", rows.forward);
  await write(dir, "batch_utilization", rows.batch);
  await write(dir, "request_lifecycle", rows.life);
  await Deno.writeTextFile(
    `${dir}/bundle.json`,
    JSON.stringify({
      schema_version: 1,
      recipe: "monitor",
      status: "complete",
      started_at: "2026-01-02T03:04:05.000Z",
      ended_at: "2026-01-02T03:05:05.000Z",
      contract: {},
      command: [],
      versions: { vscope: "0", deno: "0", vllm: "0.26.0" },
      devices: [{ kind: "gpu", name: "NVIDIA H200" }],
      engine: { model: "m", tensor_parallel_size: 1, ...engine },
      processes: [],
      hooks: [],
      dropped: {},
      artifacts: [],
      notes: [],
    }),
  );
  return batches;
}

type Row = Readonly<Record<string, string | number>>;

async function write(
  dir: string,
  name: "forward_pass_timing" | "batch_utilization" | "request_lifecycle",
  rows: readonly Row[],
): Promise<void> {
  const columns = columnsOf(SESSION_TABLES[name]);
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column] ?? ""))];
  await Deno.writeTextFile(
    `${dir}/${SESSION_TABLES[name].path}`,
    lines.map((cells) => `${cells.join(",")}\n`).join(""),
  );
}
