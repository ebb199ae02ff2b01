/**
 * Layers that work once per sequence: so many requests of one token.
 *
 * @module
 */

import { tokenAxis } from "./axes.ts";
import { Sieve, type SweepCategory } from "./grid.ts";
import { BLOCK_TOKENS, fitsCache } from "./limits.ts";

/** The category. */
export const perSequence: SweepCategory = {
  name: "per_sequence",
  columns: ["sequences"],
  axes: (limits) => [tokenAxis(limits.maxNumSeqs)],
  grid(limits) {
    const sieve = new Sieve();
    for (const sequences of tokenAxis(limits.maxNumSeqs)) {
      sieve.take(
        [sequences],
        sequences > limits.maxNumBatchedTokens
          ? "more tokens than max_num_batched_tokens"
          : fitsCache(limits, sequences * BLOCK_TOKENS)
          ? undefined
          : "the KV cache is too small",
      );
    }
    return sieve.grid();
  },
  shots: ([sequences]) => [{ requests: [[1, 0, sequences!]] }],
};
