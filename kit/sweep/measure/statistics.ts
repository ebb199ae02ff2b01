/**
 * One time of several passes.
 *
 * @module
 */

/** A time made of samples, in their unit. */
export interface Sampled {
  /** The median: a pass that something disturbed does not move it. */
  readonly time: number;
  /** The longest less the shortest. */
  readonly spread: number;
  readonly samples: number;
}

/** Makes one time of at least one sample. */
export function sampled(values: readonly number[]): Sampled {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  return {
    time: sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2,
    spread: sorted.at(-1)! - sorted[0]!,
    samples: sorted.length,
  };
}
