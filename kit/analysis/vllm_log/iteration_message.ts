/**
 * What `--enable-logging-iteration-details` writes.
 *
 * Until 0.25 the engine writes it, from 0.26 on the API server for each engine, with the use of the
 * KV cache; the words are the same.
 *
 * @module
 */

/** An iteration as its line tells it. */
export interface IterationMessage {
  /** The number in `Engine 003: `, where there is one. */
  readonly engine?: string;
  readonly iteration: number;
  readonly contextRequests: number;
  readonly contextTokens: number;
  readonly generationRequests: number;
  readonly generationTokens: number;
  readonly elapsedMs: number;
  readonly dummy: boolean;
  readonly kvCachePct?: number;
  readonly encoderInputs?: number;
  readonly encoderEmbeddings?: number;
  /** What stands behind all that is known; empty for every known version. */
  readonly rest: string;
}

const ITERATION =
  /^(?:Engine (\d+): )?Iteration\((\d+)\): (\d+) context requests, (\d+) context tokens, (\d+) generation requests, (\d+) generation tokens, iteration elapsed time: (\d+(?:\.\d+)?) ms(?![a-z])/;

const KV_CACHE = /^, [\w +-]+ KV cache usage: (\d+(?:\.\d+)?)%/;

const ENCODER = /^, encoder inputs: (\d+), encoder output embeddings: (\d+)(?!\d)/;

/** Reads the message of a line; nothing where it is none of an iteration. */
export function readIteration(message: string): IterationMessage | undefined {
  const found = ITERATION.exec(message);
  if (!found) return undefined;
  let rest = message.slice(found[0].length);
  const take = (pattern: RegExp): readonly string[] => {
    const part = pattern.exec(rest);
    if (part) rest = rest.slice(part[0].length);
    return part ?? [];
  };
  const dummy = take(/^ \(dummy\)/).length > 0;
  const [, kvCache] = take(KV_CACHE);
  // Without its end the number of embeddings may be cut.
  const [, inputs, embeddings] = take(ENCODER);
  const [engine, ...figures] = found.slice(1);
  const [iteration, contextRequests, contextTokens, generationRequests, generationTokens, elapsed] =
    figures.map(Number) as [number, number, number, number, number, number];
  return {
    ...(engine === undefined ? {} : { engine: String(Number(engine)) }),
    iteration,
    contextRequests,
    contextTokens,
    generationRequests,
    generationTokens,
    elapsedMs: elapsed,
    dummy,
    ...(kvCache === undefined ? {} : { kvCachePct: Number(kvCache) }),
    ...(inputs === undefined
      ? {}
      : { encoderInputs: Number(inputs), encoderEmbeddings: Number(embeddings) }),
    rest,
  };
}
