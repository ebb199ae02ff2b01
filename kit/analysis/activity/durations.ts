/**
 * Durations as a count per value: every statistic is exact at a few bytes per different value.
 *
 * @module
 */

/** Beyond so many different values neighbours are counted together. */
const MOST_VALUES = 1 << 16;

/** Nanoseconds of the events of one name. */
export class Durations {
  count = 0;
  /** Sum in nanoseconds; exact up to 104 days. */
  total = 0;
  min = Infinity;
  max = -Infinity;

  #values = new Float64Array(8);
  #counts = new Uint32Array(8);
  #used = 0;
  #step = 1;

  /** 0 when the median is exact, else how far (ns) it may be off: half the width of a step. */
  get medianWithin(): number {
    return this.#step > 1 ? this.#step / 2 : 0;
  }

  /** Takes a duration of zero or more. */
  add(value: number): void {
    this.count++;
    this.total += value;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
    this.#put(this.#step > 1 ? this.#rounded(value) : value, 1);
  }

  /** Takes all that another one has. */
  merge(other: Durations): void {
    this.count += other.count;
    this.total += other.total;
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
    while (this.#step < other.#step) this.#rebuild(true);
    other.#counts.forEach((count, slot) => {
      const value = other.#values[slot]!;
      if (count > 0) this.#put(this.#step > 1 ? this.#rounded(value) : value, count);
    });
  }

  /** The value in the middle, or the mean of the two in the middle; NaN without values. */
  median(): number {
    return this.at(0.5);
  }

  /** The value at `share` (0 to 1), linearly between the two nearest ones. */
  at(share: number): number {
    const sorted = this.#sorted();
    const place = (this.count - 1) * share;
    const below = this.#nth(sorted, Math.floor(place));
    const above = this.#nth(sorted, Math.ceil(place));
    return below + (above - below) * (place - Math.floor(place));
  }

  /** Deviation of a sample; 0 for one value. */
  deviation(): number {
    if (this.count < 2) return 0;
    const mean = this.total / this.count;
    let squares = 0;
    for (const [value, count] of this.#sorted()) squares += count * (value - mean) ** 2;
    return Math.sqrt(squares / (this.count - 1));
  }

  #nth(sorted: readonly (readonly [number, number])[], place: number): number {
    let seen = 0;
    for (const [value, count] of sorted) {
      seen += count;
      if (seen > place) return Math.min(this.max, Math.max(this.min, value));
    }
    return NaN;
  }

  #sorted(): (readonly [number, number])[] {
    const pairs: (readonly [number, number])[] = [];
    this.#counts.forEach((count, slot) => {
      if (count > 0) pairs.push([this.#values[slot]!, count]);
    });
    return pairs.sort(([a], [b]) => a - b);
  }

  #rounded(value: number): number {
    return (Math.floor(value / this.#step) + 0.5) * this.#step;
  }

  #put(value: number, count: number): void {
    const mask = this.#values.length - 1;
    // The low bits of whole numbers spread well; the factor spreads steps and fractions.
    let slot = Math.imul(value * 8, 0x9e3779b1) >>> 16 & mask;
    while (this.#counts[slot]! > 0 && this.#values[slot] !== value) slot = (slot + 1) & mask;
    if (this.#counts[slot] === 0) {
      this.#values[slot] = value;
      this.#used++;
    }
    this.#counts[slot]! += count;
    if (this.#used * 2 > this.#values.length) this.#rebuild(this.#used >= MOST_VALUES);
  }

  /** Counts again in a larger table, or in one of the same size with steps twice as wide. */
  #rebuild(coarser: boolean): void {
    const [values, counts] = [this.#values, this.#counts];
    if (coarser) this.#step *= 2;
    const length = coarser ? values.length : values.length * 2;
    this.#values = new Float64Array(length);
    this.#counts = new Uint32Array(length);
    this.#used = 0;
    for (let slot = 0; slot < values.length; slot++) {
      const count = counts[slot]!;
      if (count > 0) this.#put(coarser ? this.#rounded(values[slot]!) : values[slot]!, count);
    }
  }
}

/** Durations by the number of a name. */
export class DurationTable {
  #rows: Durations[] = [];

  /** The durations of a name, made on first use. */
  of(name: number): Durations {
    return this.#rows[name] ??= new Durations();
  }

  /** Takes all durations of another table; `nameOf` gives the numbers that names have here. */
  merge(other: DurationTable, nameOf: (name: number) => number = (name) => name): void {
    for (const [name, durations] of other.entries()) this.of(nameOf(name)).merge(durations);
  }

  /** The names that have any. */
  *entries(): Generator<[name: number, durations: Durations]> {
    for (const [name, durations] of Object.entries(this.#rows)) yield [Number(name), durations];
  }
}
