/**
 * How far predictions are from what was measured.
 *
 * @module
 */

/** Relative errors, (predicted − measured) / measured. */
export interface ErrorFigures {
  readonly count: number;
  /** Of their sizes. */
  readonly median: number;
  /** Of their sizes. */
  readonly p90: number;
  /** Above zero: predictions are too long. */
  readonly signed_mean: number;
}

/** Figures of errors with their signs, with four decimals; nothing where there are none. */
export function errorFigures(signed: readonly number[]): ErrorFigures | undefined {
  const finite = signed.filter(Number.isFinite);
  if (finite.length === 0) return undefined;
  const sizes = finite.map(Math.abs).sort((one, other) => one - other);
  const figure = (value: number) => Number(value.toFixed(4));
  return {
    count: finite.length,
    median: figure(quantile(sizes, 0.5)),
    p90: figure(quantile(sizes, 0.9)),
    signed_mean: figure(finite.reduce((total, value) => total + value, 0) / finite.length),
  };
}

/** Of sorted values, with a straight line between two of them. */
export function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const low = sorted[Math.floor(place)]!;
  const high = sorted[Math.ceil(place)]!;
  return low + (high - low) * (place - Math.floor(place));
}

/** A share with its sign where it has one, as `+1.24 %`. */
export function percentText(share: number, signed = false): string {
  return `${signed && share > 0 ? "+" : ""}${(100 * share).toFixed(2)} %`;
}
