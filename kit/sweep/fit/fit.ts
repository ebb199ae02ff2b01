/**
 * Alpha by bucket: how far a batch of unequal decodes goes from the time of the mean history to the
 * time of the longest. The formula is that of LLMServingSim.
 *
 * @module
 */

import { roundDecimals } from "../rounding.ts";
import { type Bucket, type BucketAxes, bucketAxes, bucketOf } from "./bucket_axes.ts";
import type { SkewRow } from "./skew_rows.ts";

/** The alpha of a bucket, with four decimals. */
export interface BucketAlpha {
  readonly bucket: Bucket;
  readonly alpha: number;
  readonly samples: number;
}

/** A fit of one TP degree. */
export interface SkewFit {
  readonly axes: BucketAxes;
  /** In the order of `skew_fit.csv`. */
  readonly buckets: readonly BucketAlpha[];
  readonly samples: number;
  /** Over all rows; for a bucket that nothing was measured for. */
  readonly alphaDefault: number;
  /** |predicted − measured| / measured, and its signed mean; four decimals. */
  readonly errors?: {
    readonly p50: number;
    readonly p90: number;
    readonly p99: number;
    readonly signedMean: number;
  };
}

const DECIMALS = 4;

/** Fits alphas; undefined where no row has one. */
export function fitSkew(rows: readonly SkewRow[]): SkewFit | undefined {
  if (rows.length === 0) return undefined;
  const axes = bucketAxes(rows);
  const groups = new Map<string, { bucket: Bucket; rows: SkewRow[] }>();
  const keys = rows.map((row) => {
    const bucket = bucketOf(axes, row);
    const key = bucket.join("|");
    const group = groups.get(key);
    if (group) group.rows.push(row);
    else groups.set(key, { bucket, rows: [row] });
    return key;
  });
  const alphas = new Map<string, BucketAlpha>();
  for (const [key, group] of groups) {
    alphas.set(key, {
      bucket: group.bucket,
      alpha: roundDecimals(leastSquares(group.rows), DECIMALS),
      samples: group.rows.length,
    });
  }
  const signed = rows.map((row, place) => {
    const predicted = row.t_mean_us +
      alphas.get(keys[place]!)!.alpha * (row.t_max_us - row.t_mean_us);
    return (predicted - row.t_skew_us) / row.t_skew_us;
  }).filter((error) => !Number.isNaN(error));
  const sizes = signed.map(Math.abs).sort((one, other) => one - other);
  return {
    axes,
    buckets: [...alphas.values()].sort((one, other) => compare(one.bucket, other.bucket)),
    samples: rows.length,
    alphaDefault: roundDecimals(leastSquares(rows), DECIMALS),
    ...(sizes.length === 0 ? {} : {
      errors: {
        p50: roundDecimals(quantile(sizes, 0.5), DECIMALS),
        p90: roundDecimals(quantile(sizes, 0.9), DECIMALS),
        p99: roundDecimals(quantile(sizes, 0.99), DECIMALS),
        signedMean: roundDecimals(sum(signed) / signed.length, DECIMALS),
      },
    }),
  };
}

/** The alpha for which Σ(alpha·(max−mean) − (skew−mean))² is smallest; 0 where no max differs. */
function leastSquares(rows: readonly SkewRow[]): number {
  const span = (row: SkewRow) => row.t_max_us - row.t_mean_us;
  const denominator = sum(rows.map((row) => span(row) ** 2));
  if (!(denominator > 0)) return 0;
  return sum(rows.map((row) => span(row) * (row.t_skew_us - row.t_mean_us))) / denominator;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Of sorted values, with a straight line between two of them. */
function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (place - below);
}

/** By chunk, then by the labels' characters. */
function compare(one: Bucket, other: Bucket): number {
  if (one[0] !== other[0]) return one[0] - other[0];
  for (let place = 1; place < one.length; place++) {
    if (one[place] !== other[place]) return one[place]! < other[place]! ? -1 : 1;
  }
  return 0;
}
