/**
 * Real requests to a server: mixed lengths, several at a time, some with a common beginning.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { messageOf } from "../../contract/errors.ts";

/** Where requests go, and how many at a time. */
export interface Target {
  baseUrl: string;
  model: string;
  concurrency: number;
  /** Sent as a bearer token, for servers that ask for one. */
  apiKey?: string | undefined;
  /** Gives up what has not been answered; Ctrl-C does too. */
  signal?: AbortSignal;
  /** How long an answer may take; five minutes where nothing is said. */
  requestSeconds?: number | undefined;
}

/** Requests of mixed lengths. */
export interface RequestMix {
  count: number;
  /** The same seed makes the same requests. */
  seed: number;
  /** Longest prompt in words; a word of the tiny models' tokenizer is one or two tokens. */
  maxPromptWords: number;
  maxTokens: number;
}

/** A request: a prompt as text or as token ids, or the messages of a chat. */
export interface PlannedRequest {
  prompt?: string | readonly number[];
  messages?: readonly unknown[];
  maxTokens: number;
  ignoreEos: boolean;
  stream: boolean;
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
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** The requests of a mix: short, middling and long prompts; a third shares a long beginning. */
export function planRequests(mix: RequestMix): (PlannedRequest & { prompt: string })[] {
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

/** Sends requests; a failed one is in the results. Needs net permission. */
export async function sendRequests(
  context: RunContext,
  target: Target,
  requests: readonly PlannedRequest[],
): Promise<RequestResult[]> {
  const waiting = [...requests];
  const results: RequestResult[] = [];
  const stopped = () => context.signal.aborted || target.signal?.aborted;
  const sender = async () => {
    for (let next; !stopped() && (next = waiting.shift());) {
      results.push(await sendOne(context, target, next));
      context.output.progress(`Requests: ${results.length} of ${requests.length} done`);
    }
  };
  await Promise.all(Array.from({ length: target.concurrency }, sender));
  return results;
}

async function sendOne(
  context: RunContext,
  target: Target,
  request: PlannedRequest,
): Promise<RequestResult> {
  const start = context.clock.monotonicMs();
  const signals = [context.signal, AbortSignal.timeout(1000 * (target.requestSeconds ?? 300))];
  if (target.signal) signals.push(target.signal);
  try {
    const route = request.messages ? "chat/completions" : "completions";
    const response = await fetch(`${target.baseUrl}/v1/${route}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(target.apiKey === undefined ? {} : { authorization: `Bearer ${target.apiKey}` }),
      },
      body: JSON.stringify({
        model: target.model,
        ...(request.messages ? { messages: request.messages } : { prompt: request.prompt }),
        max_tokens: request.maxTokens,
        ignore_eos: request.ignoreEos,
        stream: request.stream,
        ...(request.stream ? { stream_options: { include_usage: true } } : {}),
      }),
      signal: AbortSignal.any(signals),
    });
    const text = await response.text();
    const latencyMs = context.clock.monotonicMs() - start;
    if (!response.ok) {
      return { id: "", ok: false, error: `HTTP ${response.status}: ${text}`, latencyMs };
    }
    const { id, usage, error }: LastDocument = request.stream
      ? lastOfStream(text)
      : JSON.parse(text);
    if (!usage) {
      // An engine that dies in mid-stream has already said 200: the stream ends with what went wrong.
      const why = error?.message ?? "its last document tells neither a usage nor an error";
      return { id: id ?? "", ok: false, error: `an answer that was cut off: ${why}`, latencyMs };
    }
    return {
      id: id ?? "",
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

/** What the end of an answer holds. */
interface LastDocument {
  id?: string;
  usage?: {
    prompt_tokens: number;
    completion_tokens: number;
    prompt_tokens_details?: { cached_tokens?: number } | null;
  } | null;
  error?: { message?: string };
}

/** The last document of a stream of server-sent events: it holds the usage, or an error. */
function lastOfStream(text: string): LastDocument {
  const last = text.split("\n").findLast((line) => line.startsWith("data: {"));
  return last === undefined ? {} : JSON.parse(last.slice("data: ".length));
}
