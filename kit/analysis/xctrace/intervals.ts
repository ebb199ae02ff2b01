/**
 * Intervals of time, whose overlaps count once.
 *
 * @module
 */

/** Intervals in nanoseconds, as they come. */
export class Intervals {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  add(start: number, duration: number): void {
    if (!(duration > 0)) return;
    this.#starts.push(start);
    this.#ends.push(start + duration);
  }

  get count(): number {
    return this.#starts.length;
  }

  /** The same time without overlaps, in order. */
  merged(): [start: number, end: number][] {
    const order = this.#starts.map((_, place) => place)
      .sort((a, b) => this.#starts[a]! - this.#starts[b]!);
    const found: [number, number][] = [];
    for (const place of order) {
      const [start, end] = [this.#starts[place]!, this.#ends[place]!];
      const last = found.at(-1);
      if (last && start <= last[1]) last[1] = Math.max(last[1], end);
      else found.push([start, end]);
    }
    return found;
  }
}

/** Nanoseconds of merged intervals. */
export function lengthOf(merged: readonly [number, number][]): number {
  return merged.reduce((sum, [start, end]) => sum + end - start, 0);
}

/** A share of each of `count` equal slices of the time from 0 to `total`. */
export function sharesOf(
  merged: readonly [number, number][],
  total: number,
  count: number,
): number[] {
  const width = total / count;
  const filled = new Array<number>(count).fill(0);
  for (const [start, end] of merged) {
    const last = Math.min(count - 1, Math.floor(end / width));
    for (let slice = Math.max(0, Math.floor(start / width)); slice <= last; slice++) {
      const from = Math.max(start, slice * width);
      const to = Math.min(end, (slice + 1) * width);
      if (to > from) filled[slice]! += to - from;
    }
  }
  return filled.map((nanoseconds) => nanoseconds / width);
}
