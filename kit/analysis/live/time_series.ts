/**
 * A series of values in bounded memory: the last minutes second by second, and all of it coarser.
 *
 * @module
 */

/** What a bucket of time holds. */
export interface Bucket {
  sum: number;
  count: number;
  max: number;
}

/** How a bucket becomes one number. */
export type Reading = "sum" | "mean" | "max";

/** Buckets that are kept of either kind. */
const BUCKETS = 240;

const empty = (): Bucket => ({ sum: 0, count: 0, max: -Infinity });

function join(into: Bucket, from: Bucket | undefined): void {
  if (!from) return;
  into.sum += from.sum;
  into.count += from.count;
  into.max = Math.max(into.max, from.max);
}

/** Values by the second in which they came. Times are seconds since the session began. */
export class TimeSeries {
  /** Of the last seconds, by the second modulo their number. */
  #recent: (Bucket & { second: number } | undefined)[] = [];
  /** Of all time, `#width` seconds each, from the second `#from` on. */
  #whole: (Bucket | undefined)[] = [];
  #from: number | undefined;
  #width = 1;
  readonly total: Bucket = empty();
  /** The value that came last. */
  last: number | undefined;

  /** Takes a value; one that is not finite is left out. */
  add(at: number, value: number): void {
    if (!Number.isFinite(at) || !Number.isFinite(value)) return;
    const one = { sum: value, count: 1, max: value };
    join(this.total, one);
    this.last = value;
    const second = Math.floor(at);
    const place = ((second % BUCKETS) + BUCKETS) % BUCKETS;
    const known = this.#recent[place];
    if (known?.second === second) join(known, one);
    else if (!known || known.second < second) this.#recent[place] = { second, ...one };
    this.#from ??= second;
    // A row may be older than the first one, by as long as its writer held it back.
    let bucket = Math.max(0, Math.floor((second - this.#from) / this.#width));
    while (bucket >= BUCKETS) {
      this.#halve();
      bucket = Math.floor(bucket / 2);
    }
    join(this.#whole[bucket] ??= empty(), one);
  }

  #halve(): void {
    const halves: (Bucket | undefined)[] = [];
    for (const [place, bucket] of this.#whole.entries()) {
      if (bucket) join(halves[place >> 1] ??= empty(), bucket);
    }
    this.#whole = halves;
    this.#width *= 2;
  }

  /** What came in the `seconds` seconds that end with the second before `until`. */
  over(until: number, seconds: number): Bucket {
    const found = empty();
    for (let back = 1; back <= Math.min(seconds, BUCKETS); back++) {
      join(found, this.#at(Math.floor(until) - back));
    }
    return found;
  }

  #at(second: number): Bucket | undefined {
    const bucket = this.#recent[((second % BUCKETS) + BUCKETS) % BUCKETS];
    return bucket?.second === second ? bucket : undefined;
  }

  /** The last `points` seconds before `until`, one number each; undefined where nothing came. */
  recent(until: number, points: number, reading: Reading): (number | undefined)[] {
    return Array.from(
      { length: points },
      (_, place) => read(this.#at(Math.floor(until) - points + place), reading, 1),
    );
  }

  /** All of it in at most `points` numbers, from `from` to `to`; sums are per second. */
  whole(from: number, to: number, points: number, reading: Reading): (number | undefined)[] {
    const found: (Bucket | undefined)[] = new Array(points).fill(undefined);
    // No point is narrower than a bucket: it would look as if nothing had come between two.
    const width = Math.max(this.#width, (to - from) / points);
    for (const [place, bucket] of this.#whole.entries()) {
      if (!bucket) continue;
      const at = (this.#from ?? 0) + place * this.#width;
      const point = Math.min(points - 1, Math.max(0, Math.floor((at - Math.floor(from)) / width)));
      join(found[point] ??= empty(), bucket);
    }
    const used = Math.min(points, Math.max(1, Math.ceil((to - Math.floor(from)) / width)));
    return found.slice(0, used).map((bucket) => read(bucket, reading, width));
  }
}

/** A bucket as one number; of a sum, per second. */
export function read(
  bucket: Bucket | undefined,
  reading: Reading,
  seconds: number,
): number | undefined {
  if (!bucket || bucket.count === 0) return undefined;
  if (reading === "sum") return bucket.sum / seconds;
  return reading === "mean" ? bucket.sum / bucket.count : bucket.max;
}
