/**
 * Statistics over many values at eight bytes each: exact, whatever their order.
 *
 * @module
 */

/** Count, mean, sample deviation, extremes and percentiles; the unit is that of the values. */
export interface Statistics {
  /** How many values. */
  count: number;
  /** Mean. */
  mean: number;
  /** Sample deviation. */
  std: number;
  /** Smallest value. */
  min: number;
  /** Largest value. */
  max: number;
  /** Median. */
  p50: number;
  /** 95th percentile. */
  p95: number;
  /** 99th percentile. */
  p99: number;
}

/** A growing list of numbers. */
export class Samples {
  #values: Float64Array = new Float64Array(256);
  #count = 0;

  /** Samples of known values. */
  static of(values: Iterable<number>): Samples {
    const samples = new Samples();
    for (const value of values) samples.add(value);
    return samples;
  }

  get count(): number {
    return this.#count;
  }

  /** Takes a value; one that is no finite number is left out. */
  add(value: number): void {
    if (!Number.isFinite(value)) return;
    if (this.#count === this.#values.length) {
      const larger = new Float64Array(this.#values.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#count++] = value;
  }

  /** Arithmetic mean; undefined without values. */
  mean(): number | undefined {
    if (this.#count === 0) return undefined;
    let sum = 0;
    for (const value of this.#values.subarray(0, this.#count)) sum += value;
    return sum / this.#count;
  }

  /** Share (0 to 1) of the values from `from` up to but without `to`; NaN without values. */
  shareBetween(from: number, to: number): number {
    let inside = 0;
    for (const value of this.#values.subarray(0, this.#count)) {
      if (value >= from && value < to) inside++;
    }
    return inside / this.#count;
  }

  /**
   * All statistics; undefined without values. The deviation is that of a sample (divided by
   * count − 1; 0 for one value), a percentile lies linearly between the two nearest values.
   */
  statistics(): Statistics | undefined {
    const mean = this.mean();
    if (mean === undefined) return undefined;
    const sorted = this.#values.slice(0, this.#count).sort();
    let squares = 0;
    for (const value of sorted) squares += (value - mean) ** 2;
    return {
      count: this.#count,
      mean,
      std: this.#count > 1 ? Math.sqrt(squares / (this.#count - 1)) : 0,
      min: sorted[0]!,
      max: sorted[sorted.length - 1]!,
      p50: percentile(sorted, 0.5),
      p95: percentile(sorted, 0.95),
      p99: percentile(sorted, 0.99),
    };
  }
}

/** The value at share `share` (0 to 1) of an ascending list that is not empty. */
export function percentile(sorted: Float64Array, share: number): number {
  const place = (sorted.length - 1) * share;
  const low = Math.floor(place);
  const below = sorted[low]!;
  const above = sorted[Math.min(low + 1, sorted.length - 1)]!;
  return below + (above - below) * (place - low);
}

/** Statistics under the names of the session layout, `mean_ms` and so on; four decimals. */
export function inMilliseconds(samples: Samples): Record<string, number> | undefined {
  const found = samples.statistics();
  if (found === undefined) return undefined;
  const { count, ...rest } = found;
  return {
    count,
    ...Object.fromEntries(
      Object.entries(rest).map(([name, value]) => [`${name}_ms`, Number(value.toFixed(4))]),
    ),
  };
}
