/**
 * A figure of a series of samples, and how far what happened within the run may have moved it.
 *
 * Samples of a run are not independent: a machine is slow for seconds, a batch stays as it is for many
 * steps. So whole stretches of the run are left out, one after the other, and how much the figure moves
 * says how far it may be off (the jackknife that deletes a block). Stretches of several lengths are tried
 * and the largest error counts: noise that is slower than a stretch would be missed otherwise.
 *
 * @module
 */

import type { Scale, Within } from "./figure.ts";
import { studentQuantile } from "./student.ts";

/** In so many stretches a run is cut. */
const CUTS = [5, 10, 20];
/** Samples that each stretch must have. */
const LEAST_IN_A_STRETCH = 2;

/** A value with its error. */
export interface Estimate {
  readonly value: number;
  readonly within?: Within;
}

/** The figure without the samples from `start` up to but without `end`. */
type LeftOut = (start: number, end: number) => number;

/** Mean of samples in the order of time. */
export function meanOf(values: readonly number[], scale: Scale): Estimate | undefined {
  return ratioOf(values, new Array(values.length).fill(1), scale);
}

/** Sum of `above` over the sum of `below`, both in the order of time. */
export function ratioOf(
  above: readonly number[],
  below: readonly number[],
  scale: Scale,
): Estimate | undefined {
  const [upper, lower] = [runningSum(above), runningSum(below)];
  const [all, parts] = [upper.at(-1)!, lower.at(-1)!];
  if (above.length === 0 || !(parts > 0)) return undefined;
  return estimate(
    above.length,
    (start, end) => (all - upper[end]! + upper[start]!) / (parts - lower[end]! + lower[start]!),
    scale,
  );
}

/**
 * A quantile (`share` 0 to 1) of samples in the order of time; it lies linearly between the two nearest.
 */
export function quantileOf(
  values: readonly number[],
  share: number,
  scale: Scale,
): Estimate | undefined {
  if (values.length === 0) return undefined;
  const order = orderOf(values);
  return estimate(values.length, (start, end) => {
    const place = (values.length - (end - start) - 1) * share;
    let left = Math.floor(place);
    let below: number | undefined;
    for (const sample of order) {
      if (sample >= start && sample < end) continue;
      if (below !== undefined) return below + (values[sample]! - below) * (place % 1);
      if (left-- === 0) below = values[sample]!;
    }
    return below ?? NaN;
  }, scale);
}

/** Places of samples by value: several quantiles are asked of the same ones. */
const orders = new WeakMap<readonly number[], Uint32Array>();

function orderOf(values: readonly number[]): Uint32Array {
  let order = orders.get(values);
  if (!order) {
    order = Uint32Array.from(values.keys()).sort((one, other) => values[one]! - values[other]!);
    orders.set(values, order);
  }
  return order;
}

function runningSum(values: readonly number[]): Float64Array {
  const sums = new Float64Array(values.length + 1);
  for (const [place, value] of values.entries()) sums[place + 1] = sums[place]! + value;
  return sums;
}

function estimate(count: number, leftOut: LeftOut, scale: Scale): Estimate | undefined {
  const value = leftOut(0, 0);
  if (!Number.isFinite(value) || (scale === "ratio" && value <= 0)) return undefined;
  const within = errorOf(count, leftOut, scale);
  return { value, ...(within ? { within } : {}) };
}

/** The largest error over all cuts; undefined for fewer samples than any of them takes. */
export function errorOf(count: number, leftOut: LeftOut, scale: Scale): Within | undefined {
  let found: Within | undefined;
  let widest = -Infinity;
  for (const stretches of CUTS) {
    if (count < LEAST_IN_A_STRETCH * stretches) break;
    const values = Array.from({ length: stretches }, (_, place) => {
      const bounds = [place, place + 1].map((at) => Math.round(at * count / stretches));
      const value = leftOut(bounds[0]!, bounds[1]!);
      return scale === "ratio" ? Math.log(value) : value;
    });
    const mean = values.reduce((sum, value) => sum + value, 0) / stretches;
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    const error = Math.sqrt(squares * (stretches - 1) / stretches);
    const width = error * studentQuantile(0.95, stretches - 1);
    if (!Number.isFinite(width) || width <= widest) continue;
    [widest, found] = [width, { error, freedom: stretches - 1, stretches }];
  }
  return found;
}
