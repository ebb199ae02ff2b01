/**
 * Long series made short without losing their extremes.
 *
 * @module
 */

/** Points of a chart. */
export interface Points {
  /** Horizontal values, rising. */
  x: number[];
  /** The value at each; as long as `x`. */
  y: number[];
}

/**
 * A series of points in the order of x that never holds more than `limit` of them: once it is
 * full, neighbours are joined to one bucket, of which the lowest and the highest point are kept.
 */
export class Series {
  #x: number[] = [];
  #y: number[] = [];
  #bucket: { lowX: number; low: number; highX: number; high: number; count: number } | undefined;
  #width = 1;

  constructor(private readonly limit = 2000) {}

  /** Takes a point; one that is not finite is left out. */
  add(x: number, y: number): void {
    if (!Number.isFinite(x) || !Number.isFinite(y)) return;
    const bucket = this.#bucket ??= { lowX: x, low: y, highX: x, high: y, count: 0 };
    if (y < bucket.low) [bucket.lowX, bucket.low] = [x, y];
    if (y > bucket.high) [bucket.highX, bucket.high] = [x, y];
    if (++bucket.count >= this.#width) this.#close();
  }

  #close(): void {
    const bucket = this.#bucket;
    this.#bucket = undefined;
    if (!bucket) return;
    const low = [bucket.lowX, bucket.low] as const;
    const high = [bucket.highX, bucket.high] as const;
    const ordered = bucket.lowX <= bucket.highX ? [low, high] : [high, low];
    for (const [x, y] of bucket.lowX === bucket.highX && low[1] === high[1] ? [low] : ordered) {
      this.#x.push(x);
      this.#y.push(y);
    }
    if (this.#x.length > this.limit - 2) this.#halve();
  }

  /** Joins every four points to two: the lowest and the highest of them. */
  #halve(): void {
    const [x, y] = [this.#x, this.#y];
    this.#x = [];
    this.#y = [];
    for (let from = 0; from < x.length; from += 4) {
      const places = x.slice(from, from + 4).map((_, offset) => from + offset);
      const low = places.reduce((a, b) => y[b]! < y[a]! ? b : a);
      const high = places.reduce((a, b) => y[b]! > y[a]! ? b : a);
      for (const place of [...new Set([low, high])].sort((a, b) => a - b)) {
        this.#x.push(x[place]!);
        this.#y.push(y[place]!);
      }
    }
    this.#width = Math.max(2, this.#width * 2);
  }

  /** The points so far. */
  points(): { x: number[]; y: number[] } {
    this.#close();
    return { x: [...this.#x], y: [...this.#y] };
  }
}
