/**
 * Batches that are in no grid: chosen by chance, the same ones every time, to see how far predictions
 * are from them.
 *
 * @module
 */

import { type Density, fitsCache, inBlocks, type Limits } from "../grids/limits.ts";
import type { Run, Shot } from "../grids/shot.ts";

/** Kinds of batches, of which errors are told apart. */
export const BATCH_CLASSES = [
  "prefill",
  "prefills",
  "decode",
  "decode_skewed",
  "mixed",
  "mixed_skewed",
] as const;

/** A kind of batch. */
export type BatchClass = typeof BATCH_CLASSES[number];

/** A batch that is held out. */
export interface HeldOutBatch {
  readonly kind: BatchClass;
  readonly shot: Shot;
}

/** Draws after which a place stays empty: limits that leave no room for a kind. */
const MOST_DRAWS = 60;
const MOST_CHUNKS = 4;

/**
 * So many batches, of each kind in turn. Of a larger number the first ones are the same. A kind for
 * which the limits leave no room has none.
 */
export function heldOutBatches(limits: Limits, density: Density, count: number): HeldOutBatch[] {
  const found: HeldOutBatch[] = [];
  for (let place = 0; place < count; place++) {
    const kind = BATCH_CLASSES[place % BATCH_CLASSES.length]!;
    const chance = randomFrom(place + 1);
    for (let draw = 0; draw < MOST_DRAWS; draw++) {
      const requests = drawn(kind, limits, density, chance);
      if (!fits(requests, limits)) continue;
      found.push({ kind, shot: { requests, ...forcedExperts(requests, limits, chance) } });
      break;
    }
  }
  return found;
}

/** How many are to be asked for so that there are at least so many. */
export function askedFor(limits: Limits, density: Density, batches: number): number {
  let count = batches;
  while (
    count < batches * BATCH_CLASSES.length &&
    heldOutBatches(limits, density, count).length < batches
  ) count++;
  return count;
}

type Chance = (low: number, high: number) => number;

function drawn(kind: BatchClass, limits: Limits, density: Density, chance: Chance): Run[] {
  const { maxNumBatchedTokens, maxNumSeqs, maxModelLen } = limits;
  const longest = Math.max(1, Math.min(density.attentionMaxKv, maxModelLen - 2));
  const runs: Run[] = [];
  const chunks = kind === "prefills"
    ? chance(2, Math.max(2, Math.min(MOST_CHUNKS, maxNumSeqs)))
    : kind.startsWith("decode")
    ? 0
    : 1;
  for (let chunk = 0; chunk < chunks; chunk++) {
    const tokens = chance(2, Math.max(2, Math.floor(maxNumBatchedTokens / chunks)));
    // Every second chunk is the beginning of its prompt.
    runs.push([tokens, chance(0, 1) === 0 ? 0 : chance(1, longest), 1]);
  }
  if (kind.startsWith("prefill")) return runs;
  const room = maxNumSeqs - chunks;
  const decodes = chance(1, Math.max(1, room));
  if (kind === "decode" || kind === "mixed") return [...runs, [1, chance(1, longest), decodes]];
  const long = chance(1, Math.max(1, decodes - 1));
  return [...runs, [1, chance(1, longest), long], [1, chance(1, longest), decodes - long]];
}

function fits(runs: readonly Run[], limits: Limits): boolean {
  const total = (value: (run: Run) => number) => runs.reduce((sum, run) => sum + value(run), 0);
  return runs.every(([tokens, history, count]) =>
    count > 0 && tokens + history + 1 < limits.maxModelLen
  ) &&
    total(([, , count]) => count) <= limits.maxNumSeqs &&
    total(([tokens, , count]) => tokens * count) <= limits.maxNumBatchedTokens &&
    fitsCache(
      limits,
      total(([tokens, history, count]) => count * inBlocks(limits, tokens + history)),
    );
}

/** Experts are forced, because what a router without weights chooses says nothing. */
function forcedExperts(
  runs: readonly Run[],
  { experts }: Limits,
  chance: Chance,
): { experts?: number } {
  if (!experts) return {};
  const tokens = runs.reduce((sum, [own, , count]) => sum + own * count, 0);
  return {
    experts: chance(experts.perToken, Math.min(experts.count, tokens * experts.perToken)),
  };
}

/** Whole numbers from `low` to `high`, small ones as likely as large ones by their logarithm. */
function randomFrom(seed: number): Chance {
  // xorshift, whose first numbers of near seeds are alike and are passed over.
  let state = Math.imul(seed, 0x9e3779b1) | 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  for (let pass = 0; pass < 8; pass++) next();
  return (low, high) => {
    const value = (low + 1) * ((high + 2) / (low + 1)) ** next() - 1;
    return Math.max(low, Math.min(high, Math.floor(value)));
  };
}
