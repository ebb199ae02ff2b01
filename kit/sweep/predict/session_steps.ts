/**
 * The batches of a session's steps, as far as its tables prove them.
 *
 * A step's row has sums: requests and new tokens of prompts and of decodes, KV tokens and pairs of query
 * and key. From the lives of the requests the batch is put together, request by request, and taken only
 * where it gives exactly those sums. Elsewhere the sums alone say what they can.
 *
 * @module
 */

import { type Cell, eachRow, type NumberCell, ofFirstRank } from "../../analysis/table_rows.ts";
import { UsageError } from "../../contract/errors.ts";
import type { FileSystem } from "../../contract/context.ts";
import type { Batch, Requests } from "./batch.ts";

/** How much is known of a step's batch. */
export type Knowledge =
  /** Every request. */
  | "requests"
  /** Chunks one by one; of the decodes their number and their mean history. */
  | "means";

/** A step of a session. */
export interface SessionStep {
  readonly step: number;
  /** Seconds since the session began. */
  readonly seconds: number;
  readonly phase: string;
  /** Kind of graph that was replayed, `NONE`, or "" where nobody looked. */
  readonly graph: string;
  /** Tokens that the graph was captured for. */
  readonly graphTokens?: number;
  /** Of execute_model(). */
  readonly forwardMs: number;
  /** Of sample_tokens(); absent where it was not timed. */
  readonly sampleMs?: number;
  /** `cuda_event` or `host`. */
  readonly timing: string;
  /** Absent where the tables do not tell it. */
  readonly batch?: Batch;
  readonly knowledge?: Knowledge;
  /** Why there is no batch. */
  readonly unknown?: string;
}

/** A row of batch_utilization.csv. */
interface Sums {
  readonly step: number;
  readonly seconds: number;
  readonly contextRequests: number;
  readonly contextTokens: number;
  readonly generationRequests: number;
  readonly generationTokens: number;
  readonly recomputed: number;
  readonly overscheduled: number;
  /** Σ (history + new tokens) over all requests. */
  readonly kvTokens: number;
  /** Σ over new tokens of the tokens that each attends to. */
  readonly pairs: number;
}

/** A request on its way. */
interface Life {
  readonly startedSec: number;
  readonly queuedSec: number;
  /** Tokens that are in the KV cache. */
  kv: number;
  /** Tokens of the prompt that are not. */
  prompt: number;
  /** Decodes to come, once the prompt is done. */
  decodes: number;
}

/**
 * Reads the steps of a session that were timed. Needs read permission.
 *
 * @throws {UsageError} where its tables are not there, or are of several engines.
 */
export async function sessionSteps(files: FileSystem, dir: string): Promise<SessionStep[]> {
  const sums = await readSums(files, dir);
  const lives = await readLives(files, dir);
  const batches = new Map<number, Pick<SessionStep, "batch" | "knowledge" | "unknown">>();
  let next = 0;
  let active: Life[] = [];
  for (const [place, row] of sums.entries()) {
    const until = sums[place + 1]?.seconds ?? Infinity;
    while (next < lives.length && lives[next]!.startedSec < until) active.push(lives[next++]!);
    const { batch, left } = fromLives(row, active);
    active = left;
    batches.set(row.step, batch ? { batch, knowledge: "requests" } : fromSums(row));
  }
  const steps: SessionStep[] = [];
  await eachRow(files, dir, "forward_pass_timing", (cell, number) => {
    if (!ofFirstRank(cell)) return;
    steps.push({
      ...timed(cell, number),
      ...batches.get(number("step")) ?? { unknown: "the scheduler's row is missing" },
    });
  });
  if (steps.length === 0) {
    throw new UsageError(
      `Cannot compare with "${dir}": forward_pass_timing.csv has no step; give a session that was ` +
        "recorded with forward pass timing",
    );
  }
  return steps;
}

function timed(cell: Cell, number: NumberCell): SessionStep {
  const sampleMs = number("sample_time_ms");
  const graphTokens = number("graph_tokens");
  return {
    step: number("step"),
    seconds: number("timestamp_sec"),
    phase: cell("phase"),
    graph: cell("cudagraph_mode"),
    forwardMs: number("forward_time_ms"),
    ...(Number.isFinite(graphTokens) ? { graphTokens } : {}),
    ...(Number.isFinite(sampleMs) ? { sampleMs } : {}),
    timing: cell("timing"),
  };
}

async function readSums(files: FileSystem, dir: string): Promise<Sums[]> {
  const sums: Sums[] = [];
  const engines = new Set<string>();
  const found = await eachRow(files, dir, "batch_utilization", (cell, number) => {
    engines.add(cell("pid"));
    sums.push({
      step: number("step"),
      seconds: number("timestamp_sec"),
      contextRequests: number("context_requests"),
      contextTokens: number("context_tokens"),
      generationRequests: number("generation_requests"),
      generationTokens: number("generation_tokens"),
      recomputed: number("recomputed_tokens"),
      overscheduled: number("overscheduled_tokens"),
      kvTokens: number("kv_tokens"),
      pairs: number("attention_pairs"),
    });
  });
  if (!found) {
    throw new UsageError(
      `Cannot compare with "${dir}": it has no batch_utilization.csv; give a session's folder, ` +
        "recorded with batch utilization tracking",
    );
  }
  if (engines.size > 1) {
    throw new UsageError(
      `Cannot compare with "${dir}": it has ${engines.size} engines, whose steps have the same ` +
        "numbers; give a session of one engine",
    );
  }
  return sums.sort((one, other) => one.step - other.step);
}

async function readLives(files: FileSystem, dir: string): Promise<Life[]> {
  const lives: Life[] = [];
  await eachRow(files, dir, "request_lifecycle", (_, number) => {
    const [prompt, cached] = [number("prompt_tokens"), number("cached_tokens")];
    const life = {
      startedSec: number("started_sec"),
      queuedSec: number("queued_sec"),
      kv: cached,
      prompt: prompt - cached,
      decodes: number("generated_tokens") - 1,
    };
    if (Object.values(life).every(Number.isFinite)) lives.push(life);
  });
  return lives.sort((one, other) =>
    one.startedSec - other.startedSec || one.queuedSec - other.queuedSec
  );
}

/**
 * The batch as the lives of its requests make it, where it has the sums of the row; and the requests
 * that go on after it. vLLM gives each prompt all that it lacks, and the last one what room is left.
 */
function fromLives(row: Sums, active: readonly Life[]): { batch?: Batch; left: Life[] } {
  const prompts = active.filter(({ prompt }) => prompt > 0);
  const decoding = active.filter(({ prompt, decodes }) => prompt === 0 && decodes > 0);
  const before = prompts.slice(0, -1).reduce((total, { prompt }) => total + prompt, 0);
  const last = row.contextTokens - before;
  const prefills: Requests[] = prompts.map(({ kv, prompt }, place) => ({
    tokens: place === prompts.length - 1 ? last : prompt,
    history: kv,
    count: 1,
  }));
  const decodes = decoding.map(({ kv }) => ({ tokens: 1, history: kv, count: 1 }));
  const feasible = prompts.length === row.contextRequests &&
    decoding.length === row.generationRequests &&
    (prompts.length === 0 || last >= 1 && last <= prompts.at(-1)!.prompt);
  const proven = feasible && row.recomputed === 0 && row.overscheduled === 0 &&
    hasSums(row, [...prefills, ...decodes]);
  for (const [place, life] of prompts.entries()) {
    const tokens = Math.max(0, Math.min(life.prompt, prefills[place]!.tokens));
    life.kv += tokens;
    life.prompt -= tokens;
  }
  for (const life of decoding) {
    life.kv++;
    life.decodes--;
  }
  const left = active.filter(({ prompt, decodes }) => prompt > 0 || decodes > 0);
  return proven ? { batch: sorted(prefills, decodes), left } : { left };
}

function hasSums(row: Sums, requests: readonly Requests[]): boolean {
  let [kv, pairs] = [0, 0];
  for (const { tokens, history } of requests) {
    kv += tokens + history;
    pairs += tokens * history + tokens * (tokens + 1) / 2;
  }
  return kv === row.kvTokens && pairs === row.pairs;
}

/** What the sums alone prove: decodes with their mean, and one chunk. */
function fromSums(row: Sums): Pick<SessionStep, "batch" | "knowledge" | "unknown"> {
  const { contextRequests, contextTokens, generationRequests, generationTokens } = row;
  const { kvTokens, pairs } = row;
  if (![kvTokens, pairs, contextRequests, generationRequests].every(Number.isFinite)) {
    return { unknown: "the session has no kv_tokens and attention_pairs" };
  }
  if (row.recomputed > 0) return { unknown: "it computed again what a preemption had dropped" };
  if (generationTokens !== generationRequests) {
    return { unknown: "a decode has several tokens (speculative decoding)" };
  }
  if (contextRequests > 1) {
    return { unknown: "it has several chunks, and the session does not tell each one's tokens" };
  }
  let [decodes, chunk, history] = [generationRequests, contextTokens, 0];
  if (contextRequests === 1 && chunk === 1) [decodes, chunk] = [decodes + 1, 0];
  if (chunk > 1) {
    history = (pairs - kvTokens - chunk * (chunk - 1) / 2) / (chunk - 1);
    if (!Number.isInteger(history) || history < 0) {
      return { unknown: "its sums fit no single chunk" };
    }
  }
  const behind = kvTokens - chunk - history - decodes;
  if (behind < 0 || decodes + chunk === 0) return { unknown: "its sums fit no batch" };
  const [least, more] = [Math.floor(behind / decodes), behind % decodes];
  return {
    knowledge: "means",
    batch: sorted(
      chunk > 1 ? [{ tokens: chunk, history, count: 1 }] : [],
      decodes === 0 ? [] : [
        { tokens: 1, history: least, count: decodes - more },
        { tokens: 1, history: least + 1, count: more },
      ].filter(({ count }) => count > 0),
    ),
  };
}

/** Chunks of one token are decodes to a sweep. */
function sorted(prefills: readonly Requests[], decodes: readonly Requests[]): Batch {
  return {
    prefills: prefills.filter(({ tokens }) => tokens > 1),
    decodes: [...prefills.filter(({ tokens }) => tokens === 1), ...decodes],
  };
}
