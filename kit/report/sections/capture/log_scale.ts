/**
 * A logarithmic axis.
 *
 * @module
 */

/** Places values between two places, and tells round ones. */
export interface LogScale {
  (value: number): number;
  readonly from: number;
  readonly to: number;
  /** The powers of ten within it. */
  readonly marks: readonly number[];
}

/** A scale that has room for all values, which are greater than 0. */
export function logScale(
  values: readonly number[],
  [start, end]: readonly [number, number],
): LogScale {
  const exponents = values.map(Math.log10);
  const low = exponents.reduce((a, b) => Math.min(a, b), Infinity);
  const high = exponents.reduce((a, b) => Math.max(a, b), -Infinity);
  const [from, to] = [Math.floor(low), Math.max(Math.ceil(high), Math.floor(low) + 1)];
  const place = (value: number) => start + (end - start) * (Math.log10(value) - from) / (to - from);
  return Object.assign(place, {
    from: 10 ** from,
    to: 10 ** to,
    marks: Array.from({ length: to - from + 1 }, (_, step) => 10 ** (from + step)),
  });
}
