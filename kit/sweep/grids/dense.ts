/**
 * Dense layers: one request of so many tokens.
 *
 * @module
 */

import { tokenAxis } from "./axes.ts";
import { Sieve, type SweepCategory } from "./grid.ts";
import { fitsCache, inBlocks, type Limits } from "./limits.ts";

/** Why a prompt of so many tokens cannot be run; undefined where it can. */
export function promptTooLong(limits: Limits, tokens: number): string | undefined {
  if (!fitsCache(limits, inBlocks(tokens))) return "the KV cache is too small";
  if (tokens >= limits.maxModelLen) return "the request reaches max_model_len";
  return undefined;
}

/** The category. */
export const dense: SweepCategory = {
  name: "dense",
  columns: ["tokens"],
  axes: (limits) => [tokenAxis(limits.maxNumBatchedTokens)],
  grid(limits) {
    const sieve = new Sieve();
    for (const tokens of tokenAxis(limits.maxNumBatchedTokens)) {
      sieve.take([tokens], promptTooLong(limits, tokens));
    }
    return sieve.grid();
  },
  shots: ([tokens]) => [{ requests: [[tokens!, 0, 1]] }],
};
