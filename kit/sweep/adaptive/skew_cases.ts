/**
 * Which cases of skew are worth three shots: those of buckets whose alpha is least known, where times are
 * furthest from what alpha says.
 *
 * @module
 */

import { NOISE_SHARE } from "../measure/tables.ts";
import { type BucketAxes, bucketAxes, bucketOf } from "../fit/bucket_axes.ts";
import type { SkewRow } from "../fit/skew_rows.ts";
import type { Key } from "../grids/grid.ts";
import { skewCase } from "../grids/skew.ts";
import type { TimesAt } from "./lattice.ts";
import type { Refinement } from "./refine.ts";

/** Pairs of a key's columns that residuals are told apart by: n, nb, skew, pc, kp, kvs. */
const PAIRS = [[0, 1], [0, 3], [0, 5], [3, 4], [3, 5]] as const;
/** Cases of the whole table that a pair's own count as much as. */
const SHRINK = 2;

/** The alphas of some cases, by bucket, with what a case adds kept apart. */
export class Alphas {
  readonly #axes: BucketAxes;
  readonly #lines = new Map<string, Map<number, Sums>>();
  readonly #all: Sums = { products: 0, squares: 0, cases: 0 };

  /** @param keys All of the grid, which the buckets are made of. */
  constructor(private readonly keys: readonly Key[]) {
    this.#axes = bucketAxes(keys.map((key) => rowOf(key, [0, 0, 0])));
  }

  /** The bucket of a key: its chunk, and what else tells buckets apart. */
  bucket(place: number): readonly [chunk: number, line: string] {
    const [chunk, ...labels] = bucketOf(this.#axes, rowOf(this.keys[place]!, [0, 0, 0]));
    return [chunk, labels.join("|")];
  }

  /** Takes a measured case in: times of the mean, of the longest, and of the unequal lengths. */
  add(place: number, times: readonly number[]): void {
    const [chunk, name] = this.bucket(place);
    const line = this.#lines.get(name) ?? new Map<number, Sums>();
    this.#lines.set(name, line);
    const sums = line.get(chunk) ?? { products: 0, squares: 0, cases: 0 };
    line.set(chunk, sums);
    for (const found of [sums, this.#all]) add(found, times, 1);
  }

  /** Cases that were taken in of the bucket of a key. */
  cases(place: number): number {
    const [chunk, name] = this.bucket(place);
    return this.#lines.get(name)?.get(chunk)?.cases ?? 0;
  }

  /**
   * How far the time of a case is from what alpha makes of its other two: the alpha of its bucket, between
   * the nearest chunks where it has none, and that of all cases where those have none.
   *
   * @param own Whether the case was taken in, and is to be left out.
   */
  error(place: number, times: readonly number[], own: boolean): number {
    const [mean, longest, skewed] = times as [number, number, number];
    const alpha = this.#alpha(place, own ? times : undefined);
    return Math.abs(mean + alpha * Math.max(0, longest - mean) - skewed) / skewed;
  }

  #alpha(place: number, own: readonly number[] | undefined): number {
    const [chunk, name] = this.bucket(place);
    const line = this.#lines.get(name);
    const without = (sums: Sums) => {
      const found = { ...sums };
      if (own) add(found, own, -1);
      return found;
    };
    const there = line?.get(chunk);
    if (there) {
      const left = without(there);
      if (left.squares > 0) return left.products / left.squares;
    }
    const chunks = [...line?.entries() ?? []]
      .filter(([other, { squares }]) => other !== chunk && squares > 0)
      .sort(([one], [other]) => one - other);
    const below = chunks.findLast(([other]) => other < chunk);
    const above = chunks.find(([other]) => other > chunk);
    if (below && above) {
      const size = (tokens: number) => Math.log2(tokens + 1);
      const share = (size(chunk) - size(below[0])) / (size(above[0]) - size(below[0]));
      const [from, to] = [below, above].map(([, sums]) => sums.products / sums.squares);
      return from! + share * (to! - from!);
    }
    const nearest = below ?? above;
    if (nearest) return nearest[1].products / nearest[1].squares;
    const all = without(this.#all);
    return all.squares > 0 ? all.products / all.squares : 0;
  }
}

interface Sums {
  products: number;
  squares: number;
  cases: number;
}

function add(sums: Sums, [mean, longest, skewed]: readonly number[], sign: 1 | -1): void {
  sums.cases += sign;
  const span = longest! - mean!;
  // A fit leaves such cases out too: their alpha is noise.
  if (span <= NOISE_SHARE * mean!) return;
  sums.products += sign * span * (skewed! - mean!);
  sums.squares += sign * span ** 2;
}

/** The cases that are not measured, with what each promises. */
export function skewRefinements(
  keys: readonly Key[],
  times: TimesAt,
  isProbe: (place: number) => boolean,
): Refinement[] {
  const alphas = new Alphas(keys);
  const measured = keys.keys().filter((place) => times(place) && !isProbe(place)).toArray();
  for (const place of measured) alphas.add(place, times(place)!);
  const whole = { sum: 0, cases: 0 };
  const pairs = new Map<string, { sum: number; cases: number }>();
  for (const place of measured) {
    const error = alphas.error(place, times(place)!, true);
    for (const name of ["", ...pairNames(keys[place]!)]) {
      const found = name === "" ? whole : pairs.get(name) ?? { sum: 0, cases: 0 };
      found.sum += error;
      found.cases++;
      if (name !== "") pairs.set(name, found);
    }
  }
  const usual = whole.cases > 0 ? whole.sum / whole.cases : 1;
  const open = new Map<string, { place: number; error: number }[]>();
  for (const place of keys.keys()) {
    if (times(place) || isProbe(place)) continue;
    const names = pairNames(keys[place]!);
    const error = names.reduce((sum, name) => {
      const found = pairs.get(name) ?? { sum: 0, cases: 0 };
      return sum + (found.sum + SHRINK * usual) / (found.cases + SHRINK);
    }, 0) / names.length;
    const name = alphas.bucket(place).join("|");
    const bucket = open.get(name);
    if (bucket) bucket.push({ place, error });
    else open.set(name, [{ place, error }]);
  }
  return [...open.values()].flatMap((bucket) => {
    const known = alphas.cases(bucket[0]!.place);
    return bucket.sort((one, other) => other.error - one.error).map(({ place, error }, taken) => ({
      places: [place],
      gain: error * (bucket.length - taken) / (1 + known + taken) ** 2 / keys.length,
    }));
  });
}

function pairNames(key: Key): string[] {
  return PAIRS.map(([one, other], pair) => `${pair} ${key[one]} ${key[other]}`);
}

/** A case with its times as a fit takes them. */
export function rowOf(key: Key, [mean, longest, skewed]: readonly number[]): SkewRow {
  const { n, pc, kp, kvs, kvBig, kvMean } = skewCase(key);
  return {
    n,
    pc,
    kp,
    kvs,
    kv_big: kvBig,
    kv_mean: kvMean,
    t_mean_us: mean!,
    t_max_us: longest!,
    t_skew_us: skewed!,
  };
}
