/**
 * What bounds a sweep: limits of the engine, and what the user asks for.
 *
 * @module
 */

/** Tokens of a KV block, which an engine is asked for; one for CPUs takes larger ones. */
export const BLOCK_TOKENS = 16;

/** Limits of an engine, real or assumed. Tokens and sequences. */
export interface Limits {
  /** As the user means it: the engine itself is given `maxNumSeqs` more. */
  readonly maxNumBatchedTokens: number;
  readonly maxNumSeqs: number;
  /** Longest request, prompt and answer. */
  readonly maxModelLen: number;
  /** Tokens that the KV cache holds; undefined where no engine told. */
  readonly numCacheTokens?: number | undefined;
  /** Tokens of a KV block of the engine; {@linkcode BLOCK_TOKENS} where no engine told. */
  readonly blockTokens?: number | undefined;
  /** Of a model with experts. */
  readonly experts?: { readonly count: number; readonly perToken: number } | undefined;
}

/** How fine the grids are. */
export interface Density {
  /** Longest history that attention and skew ask for, in tokens. */
  readonly attentionMaxKv: number;
  readonly attentionChunkFactor: number;
  readonly attentionKvFactor: number;
  /** Of the tokens and of the experts of moe: finer than by powers of two where it is below two. */
  readonly moeFactor: number;
  readonly skewNFactor: number;
  readonly skewPcFactor: number;
  readonly skewKpFactor: number;
  readonly skewKvsFactor: number;
}

/** Tokens that a request takes in the KV cache: whole blocks. */
export function inBlocks({ blockTokens = BLOCK_TOKENS }: Limits, tokens: number): number {
  return Math.ceil(tokens / blockTokens) * blockTokens;
}

/** Whether the KV cache holds so many tokens; true where its size is not known. */
export function fitsCache(limits: Limits, tokens: number): boolean {
  return limits.numCacheTokens === undefined || tokens <= limits.numCacheTokens;
}
