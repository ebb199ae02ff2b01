/**
 * Real requests to a server: mixed lengths, several at a time, some with a common beginning.
 *
 * @module
 */

import type { RunContext } from "../contract/context.ts";
import { messageOf } from "../contract/errors.ts";

/** What to send. */
export interface RequestMix {
  baseUrl: string;
  model: string;
  count: number;
  concurrency: number;
  /** The same seed sends the same requests. */
  seed: number;
  /** Longest prompt in words; a word of the tiny models' tokenizer is one or two tokens. */
  maxPromptWords: number;
  maxTokens: number;
}

/** What the client saw of one request. */
export interface RequestResult {
  /** The id that the server gave. */
  id: string;
  ok: boolean;
  error?: string;
  promptTokens?: number;
  cachedTokens?: number;
  completionTokens?: number;
  latencyMs: number;
}

const WORDS = ("prefill decode batch token cache block request schedule kernel graph attention " +
  "expert layer tensor parallel rank replay stream latency memory profile trace queue prompt")
  .split(" ");

/** A generator of numbers in [0, 1) that is the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

interface PlannedRequest {
  prompt: string;
  maxTokens: number;
  ignoreEos: boolean;
  stream: boolean;
}

/** The requests of a mix: short, middling and long prompts; a third shares a long beginning. */
export function planRequests(mix: RequestMix): PlannedRequest[] {
  const random = randomOf(mix.seed);
  const whole = (least: number, most: number) => least + Math.floor(random() * (most - least + 1));
  const words = (count: number) =>
    Array.from({ length: count }, () => WORDS[whole(0, WORDS.length - 1)]).join(" ");
  const shared = words(Math.floor(mix.maxPromptWords * 0.6));
  return Array.from({ length: mix.count }, (_, place) => {
    const share = [0.05, 0.3, 1][place % 3]!;
    const own = words(whole(1, Math.max(1, Math.floor(mix.maxPromptWords * share * 0.4))));
    return {
      prompt: place % 3 === 2 ? `${shared} ${own}` : own,
      maxTokens: whole(1, mix.maxTokens),
      ignoreEos: place % 4 === 0,
      stream: place % 2 === 1,
    };
  });
}

/** Sends the requests of a mix; a failed one is in the results. Needs net permission. */
export async function sendRequests(context: RunContext, mix: RequestMix): Promise<RequestResult[]> {
  const waiting = planRequests(mix);
  const results: RequestResult[] = [];
  const sender = async () => {
    for (let next; !context.signal.aborted && (next = waiting.shift());) {
      results.push(await sendOne(context, mix, next));
      context.output.progress(`Requests: ${results.length} of ${mix.count} answered`);
    }
  };
  await Promise.all(Array.from({ length: mix.concurrency }, sender));
  return results;
}

async function sendOne(
  context: RunContext,
  mix: RequestMix,
  request: PlannedRequest,
): Promise<RequestResult> {
  const start = context.clock.monotonicMs();
  try {
    const response = await fetch(`${mix.baseUrl}/v1/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        model: mix.model,
        prompt: request.prompt,
        max_tokens: request.maxTokens,
        ignore_eos: request.ignoreEos,
        stream: request.stream,
        ...(request.stream ? { stream_options: { include_usage: true } } : {}),
      }),
      signal: AbortSignal.any([context.signal, AbortSignal.timeout(300_000)]),
    });
    const text = await response.text();
    const latencyMs = context.clock.monotonicMs() - start;
    if (!response.ok) {
      return { id: "", ok: false, error: `HTTP ${response.status}: ${text}`, latencyMs };
    }
    const { id, usage } = request.stream ? lastOfStream(text) : JSON.parse(text);
    return {
      id,
      ok: true,
      promptTokens: usage.prompt_tokens,
      cachedTokens: usage.prompt_tokens_details?.cached_tokens ?? 0,
      completionTokens: usage.completion_tokens,
      latencyMs,
    };
  } catch (error) {
    return {
      id: "",
      ok: false,
      error: messageOf(error),
      latencyMs: context.clock.monotonicMs() - start,
    };
  }
}

/** The last document of a stream of server-sent events: it holds the usage. */
function lastOfStream(text: string): { id: string; usage: Record<string, never> } {
  const documents = text.split("\n").filter((line) => line.startsWith("data: {"));
  return JSON.parse(documents.at(-1)!.slice("data: ".length));
}
