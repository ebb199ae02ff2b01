/**
 * Skew: decodes of two lengths in one batch, against batches in which all are alike.
 *
 * @module
 */

import { pythonFloat, roundDecimals, roundHalfEven } from "../rounding.ts";
import { prefill } from "./attention.ts";
import { axisFromZero, geometricAxis } from "./axes.ts";
import { type Key, Sieve, type SweepCategory } from "./grid.ts";
import { type Density, fitsCache, inBlocks, type Limits } from "./limits.ts";

/** Shares of long decodes that every batch size is measured with. */
export const SKEW_RATIOS: readonly number[] = [0.0625, 0.125, 0.25, 0.5, 0.75, 0.9];
/** Long decodes, in numbers, that every batch size is measured with besides. */
const LONG_DECODES = [1, 2, 3, 4];
/** How much longer the long decodes of the first tier are. */
export const SKEW_OF_FIRST_TIER = 4;
const MIXED_SKEWS = [1.5, 2, 4, 8, 16];
const PURE_SKEWS = [2, 4, 8, 16];

/** The axes of the first tier. */
export interface SkewAxes {
  /** Decodes in the batch. */
  readonly n: readonly number[];
  /** Tokens of the prefill chunk. */
  readonly pc: readonly number[];
  /** Tokens of the prefill's history. */
  readonly kp: readonly number[];
  /** Tokens of a short decode's history. */
  readonly kvs: readonly number[];
}

/** The axes of the first tier. */
export function skewAxes(limits: Limits, density: Density): SkewAxes {
  const longest = density.attentionMaxKv;
  return {
    n: geometricAxis(2, limits.maxNumSeqs, density.skewNFactor),
    pc: [0, ...geometricAxis(16, limits.maxNumBatchedTokens, density.skewPcFactor)],
    kp: axisFromZero(512, Math.max(512, Math.floor(longest / 2)), density.skewKpFactor),
    kvs: geometricAxis(128, Math.max(512, longest), density.skewKvsFactor),
  };
}

/** A case, its values as in the table. Counts and tokens. */
export interface SkewCase {
  readonly n: number;
  /** Decodes with a long history. */
  readonly nb: number;
  readonly skew: number;
  readonly pc: number;
  readonly kp: number;
  readonly kvs: number;
  /** History of a long decode. */
  readonly kvBig: number;
  /** Mean history, rounded down. */
  readonly kvMean: number;
}

/** The case of a key. */
export function skewCase([n, nb, skew, pc, kp, kvs]: Key): SkewCase {
  const kvBig = roundHalfEven(kvs! * skew!);
  const kvMean = Math.floor((nb! * kvBig + (n! - nb!) * kvs!) / n!);
  return { n: n!, nb: nb!, skew: skew!, pc: pc!, kp: kp!, kvs: kvs!, kvBig, kvMean };
}

/** Candidates in the order in which they are fired: the first tier, then the second. */
function* candidates(axes: SkewAxes): Generator<Key> {
  const key = (
    n: number,
    ratio: number,
    skew: number,
    pc: number,
    kp: number,
    kvs: number,
  ): Key => [
    n,
    Math.max(1, Math.min(n - 1, roundHalfEven(ratio * n))),
    roundDecimals(skew, 3),
    pc,
    kp,
    kvs,
  ];
  for (const n of axes.n) {
    const ratios = new Set([
      ...SKEW_RATIOS,
      ...LONG_DECODES.filter((count) => count < n).map((count) => count / n),
    ]);
    for (const ratio of [...ratios].sort((one, other) => one - other)) {
      for (const pc of axes.pc) {
        for (const kp of axes.kp) {
          for (const kvs of axes.kvs) yield key(n, ratio, SKEW_OF_FIRST_TIER, pc, kp, kvs);
        }
      }
    }
  }
  const pivots = [1, 2].filter((place) => place < axes.n.length).map((place) => axes.n[place]!);
  const first = pivots[0] ?? axes.n[0];
  const pc = axes.pc[Math.min(1, axes.pc.length - 1)]!;
  const kvs = axes.kvs[0];
  if (first === undefined || kvs === undefined) return;
  for (const n of pivots.length > 0 ? pivots : [first]) {
    for (const skew of MIXED_SKEWS) yield key(n, 0.125, skew, pc, 0, kvs);
  }
  for (const skew of MIXED_SKEWS.slice(0, 3)) yield key(first, 0.5, skew, pc, 0, kvs);
  for (const skew of PURE_SKEWS) yield key(first, 0.125, skew, 0, 0, kvs);
}

function leftOut(limits: Limits, density: Density, found: SkewCase): string | undefined {
  const { n, nb, pc, kp, kvs, kvBig } = found;
  const { maxNumBatchedTokens, maxNumSeqs, maxModelLen } = limits;
  const longest = density.attentionMaxKv + 1;
  if (pc === 0 && kp !== 0) return "no prefill that could have a history";
  if (pc > maxNumBatchedTokens + 1) return "the chunk is above max_num_batched_tokens";
  if (kvs > longest || kvBig > longest || kp > longest) {
    return "a history is above attention_max_kv";
  }
  if (pc + n > maxNumBatchedTokens + maxNumSeqs) {
    return "more tokens than max_num_batched_tokens + max_num_seqs";
  }
  if (kvBig + 1 > maxModelLen) return "the decodes reach max_model_len";
  if (pc > 0 && pc + kp + 1 > maxModelLen) return "the prefill reaches max_model_len";
  if (n + (pc > 0 ? 1 : 0) > maxNumSeqs) return "more requests than max_num_seqs";
  const tokens = inBlocks(kvBig) * nb + inBlocks(kvs) * (n - nb) +
    (pc > 0 ? inBlocks(pc + kp) : 0);
  return fitsCache(limits, tokens) ? undefined : "the KV cache is too small";
}

/** The category. */
export const skew: SweepCategory = {
  name: "skew",
  columns: ["n", "nb", "skew", "pc", "kp", "kvs"],
  axes(limits, density) {
    const { n, pc, kp, kvs } = skewAxes(limits, density);
    return [n, [...SKEW_RATIOS, ...LONG_DECODES], pc, kp, kvs];
  },
  grid(limits, density) {
    const sieve = new Sieve();
    const seen = new Set<string>();
    for (const key of candidates(skewAxes(limits, density))) {
      const text = key.join();
      const reason = leftOut(limits, density, skewCase(key)) ??
        (seen.has(text) ? "the same as a case before it" : undefined);
      if (reason === undefined) seen.add(text);
      sieve.take(key, reason);
    }
    return sieve.grid();
  },
  shots(key) {
    const { n, nb, pc, kp, kvs, kvBig, kvMean } = skewCase(key);
    const base = prefill(pc, kp);
    return [
      { requests: [...base, [1, kvMean, n]] },
      { requests: [...base, [1, kvBig, n]] },
      { requests: [...base, [1, kvBig, nb], [1, kvs, n - nb]] },
    ];
  },
  cell: (column, value) => column === "skew" ? pythonFloat(value) : String(value),
};
