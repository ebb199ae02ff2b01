/**
 * Where the requests of a recording come from.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { RunError } from "../../contract/errors.ts";
import {
  type PlannedRequest,
  randomOf,
  type RequestResult,
  sendRequests,
} from "../server/requests.ts";
import { servedModel } from "../server/served.ts";
import type { LoadValues } from "./options.ts";

/** A load: what is sent while the profiler runs. */
export interface Load {
  /** For the manifest and for messages. */
  name: string;
  /** Starts and stops the profiler itself, as `vllm bench serve --profile` does. */
  startsProfiler: boolean;
  /** Goes on to its own end when recording is over, as a benchmark that prints its figures. */
  runsOn?: boolean;
  /** What goes ahead of the recording. */
  prepare?(): Promise<void>;
  /** Resolves when all is answered, or soon after `signal`; rejects with a RunError. */
  run(signal: AbortSignal): Promise<void>;
  /** Resolves when the first request is there; the seconds of the window count from it. */
  began?(signal: AbortSignal): Promise<void>;
}

/** Results of our own requests within the bundle. */
export const CLIENT_REQUESTS = "client_requests.json";

/**
 * Our own load: prompts of random tokens, or the requests of a file.
 *
 * @param given The requests of the user's file.
 */
export function ownLoad(
  context: RunContext,
  dir: string,
  baseUrl: string,
  values: LoadValues,
  given: readonly PlannedRequest[] | undefined,
): Load {
  const { concurrency, apiKey, requestSeconds } = values;
  let model = "";
  let requests: readonly PlannedRequest[] = given ?? [];
  return {
    name: given
      ? `${given.length} requests of ${values.prompts}`
      : `${values.requests} requests of ${values.promptTokens} + ${values.outputTokens} tokens, ` +
        `${concurrency} at a time`,
    startsProfiler: false,
    async prepare() {
      const served = await servedModel(baseUrl, { apiKey, signal: context.signal });
      model = served.id;
      let first = requests.slice(0, 1);
      if (!given) {
        const made = await randomRequests(context, baseUrl, values, served);
        const ahead = 1 + warmUpWave(values);
        [first, requests] = [made.slice(0, ahead), made.slice(ahead)];
      }
      // What happens only once is not what a profile should show: kernels that are compiled for the
      // size of a batch make a step a thousand times longer. One goes ahead, to fail alone.
      context.output.progress("Warming vLLM up");
      for (const wave of [first.slice(0, 1), first.slice(1)]) {
        const results = await sendRequests(
          context,
          { baseUrl, model, concurrency: Math.max(1, wave.length), apiKey, requestSeconds },
          wave.map((request) => ({ ...request, maxTokens: Math.min(4, request.maxTokens) })),
        );
        const failed = results.find(({ ok }) => !ok);
        if (failed && !context.signal.aborted) {
          throw new RunError(`The first request failed: ${failed.error}`);
        }
      }
    },
    async run(signal) {
      const target = { baseUrl, model, concurrency, apiKey, signal, requestSeconds };
      const results = await sendRequests(context, target, requests);
      await context.files.writeTextFile(
        `${dir}/${CLIENT_REQUESTS}`,
        JSON.stringify(results.map((result) => shown(result, signal)), null, 2) + "\n",
      );
      const failed = results.filter(({ ok }) => !ok);
      if (failed.length > 0 && !signal.aborted && !context.signal.aborted) {
        throw new RunError(
          `${failed.length} of ${requests.length} requests failed, the first with ${
            failed[0]!.error
          }`,
        );
      }
    },
  };
}

/** How many requests at a time warm a server up: as many as the load has at its start. */
function warmUpWave({ concurrency, requests }: LoadValues): number {
  const wave = Math.min(concurrency, requests);
  return wave > 1 ? wave : 0;
}

/** A request that was under way when the window was full did not fail. */
function shown(result: RequestResult, signal: AbortSignal): object {
  return !result.ok && signal.aborted
    ? { ...result, error: "given up when recording had ended" }
    : result;
}

/** Tokens that every tokenizer has: used where the server has none of its own to ask. */
const SAFE_TOKENS = Array.from({ length: 200 }, (_, place) => place + 20);

async function randomRequests(
  context: RunContext,
  baseUrl: string,
  values: LoadValues,
  { id, maxModelLen }: { id: string; maxModelLen?: number },
): Promise<PlannedRequest[]> {
  const { promptTokens, outputTokens } = values;
  if (maxModelLen !== undefined && promptTokens + outputTokens > maxModelLen) {
    throw new RunError(
      `The server takes requests of ${maxModelLen} tokens, and ${promptTokens} + ${outputTokens} ` +
        "are asked for; give a smaller --prompt-tokens or --output-tokens",
    );
  }
  const alphabet = await tokensOf(context, baseUrl, id) ?? SAFE_TOKENS;
  const random = randomOf(values.seed);
  // More of them to warm up: the prefix cache would know the others.
  const count = 1 + warmUpWave(values) + values.requests;
  return Array.from({ length: count }, (_, place) => ({
    prompt: Array.from(
      { length: promptTokens },
      () => alphabet[Math.floor(random() * alphabet.length)]!,
    ),
    maxTokens: outputTokens,
    ignoreEos: true,
    stream: place % 2 === 1,
  }));
}

/** Ids of the model's tokens, as many as a text has: experts are chosen by token. */
async function tokensOf(
  context: RunContext,
  baseUrl: string,
  model: string,
): Promise<number[] | undefined> {
  try {
    const response = await fetch(`${baseUrl}/tokenize`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model, prompt: TEXT, add_special_tokens: false }),
      signal: AbortSignal.any([context.signal, AbortSignal.timeout(10_000)]),
    });
    const { tokens } = await response.json();
    const found: number[] = [...new Set<number>(tokens)].filter(Number.isInteger);
    return found.length >= 30 ? found : undefined;
  } catch {
    return undefined;
  }
}

const TEXT =
  "The scheduler puts requests into a batch; each prefill fills blocks of the KV cache, " +
  "and every decode step reads them again. A router sends tokens to experts, kernels wait for " +
  "memory, 0123456789 GB/s, graphs are captured once and replayed often. What does a trace show? " +
  "Where time went: attention, matrix products, norms, sampling, copies, and silence between.";

/** Seconds between two looks at whether requests come. */
const LOOK_MS = 250;

/** The user's own requests: nothing is sent, and the window begins with the first that comes. */
export function foreignLoad(context: RunContext, baseUrl: string, values: LoadValues): Load {
  return {
    name: "requests of the user's",
    startsProfiler: false,
    run: (signal) => new Promise((resolve) => signal.addEventListener("abort", () => resolve())),
    async began(signal) {
      const before = await tokensSeen(baseUrl);
      if (before === undefined) return;
      const start = context.clock.monotonicMs();
      while (!signal.aborted) {
        const now = await tokensSeen(baseUrl);
        if (now !== undefined && now !== before) return;
        const waited = (context.clock.monotonicMs() - start) / 1000;
        if (waited > values.loadTimeout) {
          throw new RunError(
            `No request came within ${values.loadTimeout} s; send some to ${baseUrl} while vscope ` +
              "waits, or leave out --no-load",
          );
        }
        context.output.progress(`The profiler is on; waiting for requests to ${baseUrl}`);
        await context.clock.sleep(LOOK_MS, signal);
      }
    },
  };
}

/** A number that grows with the work done; undefined where the server counts none. */
async function tokensSeen(baseUrl: string): Promise<number | undefined> {
  try {
    const response = await fetch(`${baseUrl}/metrics`, { signal: AbortSignal.timeout(5000) });
    const text = await response.text();
    let sum: number | undefined;
    const counters =
      /^vllm:(?:num_requests_running|(?:generation|prompt)_tokens_total)(?:\{.*\})? (\S+)$/gm;
    for (const [, value] of text.matchAll(counters)) sum = (sum ?? 0) + Number(value);
    return sum;
  } catch {
    return undefined;
  }
}
