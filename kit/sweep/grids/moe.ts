/**
 * Blocks of experts: so many tokens that use so many experts between them.
 *
 * @module
 */

import { finerThanPowers } from "./axes.ts";
import { promptTooLong } from "./dense.ts";
import { Sieve, type SweepCategory } from "./grid.ts";

/** The category. A model without experts has no keys of it. */
export const moe: SweepCategory = {
  name: "moe",
  columns: ["tokens", "activated_experts"],
  axes: (limits, { moeFactor }) => [
    finerThanPowers(limits.maxNumBatchedTokens, moeFactor),
    finerThanPowers(limits.experts?.count ?? 0, moeFactor),
  ],
  grid(limits, density) {
    const sieve = new Sieve();
    const [tokenCounts, expertCounts] = this.axes(limits, density);
    const perToken = limits.experts?.perToken ?? 0;
    for (const tokens of tokenCounts!) {
      for (const experts of expertCounts!) {
        sieve.take(
          [tokens, experts],
          promptTooLong(limits, tokens) ??
            (experts < perToken
              ? "a token alone uses more experts"
              : experts > tokens * perToken
              ? "the tokens use fewer experts"
              : undefined),
        );
      }
    }
    return sieve.grid();
  },
  shots: ([tokens, experts]) => [{ requests: [[tokens!, 0, 1]], experts: experts! }],
};
