/**
 * What bounds a sweep: limits of the engine, and what the user asks for.
 *
 * @module
 */

/** Tokens of a KV block; the engine of a sweep is started with it. */
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
  /** Of a model with experts. */
  readonly experts?: { readonly count: number; readonly perToken: number } | undefined;
}

/** How fine the grids are. */
export interface Density {
  /** Longest history that attention and skew ask for, in tokens. */
  readonly attentionMaxKv: number;
  readonly attentionChunkFactor: number;
  readonly attentionKvFactor: number;
  readonly skewNFactor: number;
  readonly skewPcFactor: number;
  readonly skewKpFactor: number;
  readonly skewKvsFactor: number;
}

/** Tokens that a request takes in the KV cache: whole blocks. */
export function inBlocks(tokens: number): number {
  return Math.ceil(tokens / BLOCK_TOKENS) * BLOCK_TOKENS;
}

/** Whether the KV cache holds so many tokens; true where its size is not known. */
export function fitsCache(limits: Limits, tokens: number): boolean {
  return limits.numCacheTokens === undefined || tokens <= limits.numCacheTokens;
}
