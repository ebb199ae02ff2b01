/**
 * What a device did: kernels, copies and fills of one file, in the columns of a table.
 *
 * @module
 */

/** What an activity is. */
export enum Activity {
  Kernel = 0,
  Copy = 1,
  /** A graph that was recorded as a whole, without its kernels. */
  Graph = 2,
}

const CHUNK_BITS = 14;
const ROWS_OF_CHUNK = 1 << CHUNK_BITS;

class Chunk {
  readonly start = new Float64Array(ROWS_OF_CHUNK);
  readonly duration = new Float64Array(ROWS_OF_CHUNK);
  readonly launch = new Float64Array(ROWS_OF_CHUNK);
  readonly name = new Int32Array(ROWS_OF_CHUNK);
  readonly operator = new Int32Array(ROWS_OF_CHUNK);
  readonly lane = new Uint16Array(ROWS_OF_CHUNK);
  readonly thread = new Int16Array(ROWS_OF_CHUNK);
  readonly flags = new Uint8Array(ROWS_OF_CHUNK);
}

const COPY = 1;
const GRAPH = 2;
const SETTLED = 4;
const WHOLE = 8;

/** A stream of a device. */
export interface Lane {
  readonly device: number;
  readonly stream: number;
}

/**
 * The activities in the order of the file: about 37 bytes each. Those that are done with are settled,
 * and a chunk of settled rows is given up.
 */
export class Activities {
  #chunks: (Chunk | undefined)[] = [];
  /** The first chunk that is there. */
  #first = 0;
  #lastPlace = -1;
  #last!: Chunk;
  #lanes = new Map<number, Map<number, number>>();
  readonly lanes: Lane[] = [];
  length = 0;
  /** Rows that are not settled. */
  open = 0;

  /** The number of a stream; past 65,535 streams the last one stands for the rest. */
  lane(device: number, stream: number): number {
    let streams = this.#lanes.get(device);
    if (!streams) this.#lanes.set(device, streams = new Map());
    let lane = streams.get(stream);
    if (lane === undefined) {
      lane = Math.min(this.lanes.length, 65_535);
      if (lane === this.lanes.length) this.lanes.push({ device, stream });
      streams.set(stream, lane);
    }
    return lane;
  }

  /** Adds an activity; returns its row. */
  add(
    kind: Activity,
    lane: number,
    name: number,
    start: number,
    duration: number,
    operator: number,
  ): number {
    const row = this.length++;
    this.open++;
    const at = row % ROWS_OF_CHUNK;
    if (at === 0) this.#chunks.push(new Chunk());
    const chunk = this.#chunks[this.#chunks.length - 1]!;
    chunk.start[at] = start;
    chunk.duration[at] = duration;
    chunk.launch[at] = NaN;
    chunk.name[at] = name;
    chunk.operator[at] = operator;
    chunk.lane[at] = lane;
    chunk.thread[at] = -1;
    chunk.flags[at] = kind === Activity.Copy ? COPY : kind === Activity.Graph ? WHOLE : 0;
    return row;
  }

  /**
   * Says when and by which thread an activity was launched.
   *
   * @returns Whether that came in time: a row that is settled is not changed.
   */
  launched(row: number, time: number, thread: number): boolean {
    const chunk = this.#chunks[Math.floor(row / ROWS_OF_CHUNK)];
    if (!chunk || (chunk.flags[row % ROWS_OF_CHUNK]! & SETTLED) !== 0) return false;
    chunk.launch[row % ROWS_OF_CHUNK] = time;
    chunk.thread[row % ROWS_OF_CHUNK] = Math.min(thread, 32_767);
    return true;
  }

  /** Says that a graph replayed it. */
  markGraph(row: number): void {
    if (this.#chunks[Math.floor(row / ROWS_OF_CHUNK)]) {
      this.#chunkOf(row).flags[row % ROWS_OF_CHUNK]! |= GRAPH;
    }
  }

  /** Rows are mostly asked for one after the other: the chunk of the last one is kept at hand. */
  #chunkOf(row: number): Chunk {
    const place = row >>> CHUNK_BITS;
    if (place !== this.#lastPlace) {
      this.#lastPlace = place;
      this.#last = this.#chunks[place]!;
    }
    return this.#last;
  }

  /** Says that a row is done with. */
  settle(row: number): void {
    this.#chunkOf(row).flags[row % ROWS_OF_CHUNK]! |= SETTLED;
    this.open--;
  }

  /** Gives up the chunks at the beginning that hold nothing but settled rows. */
  giveUpSettled(): void {
    for (; this.#first < this.#chunks.length - 1; this.#first++) {
      const chunk = this.#chunks[this.#first]!;
      if (!chunk.flags.every((flags) => (flags & SETTLED) !== 0)) return;
      this.#chunks[this.#first] = undefined;
    }
  }

  /** Nanoseconds since the base. */
  start(row: number): number {
    return this.#chunkOf(row).start[row % ROWS_OF_CHUNK]!;
  }

  duration(row: number): number {
    return this.#chunkOf(row).duration[row % ROWS_OF_CHUNK]!;
  }

  /** NaN where it is not known. */
  launch(row: number): number {
    return this.#chunkOf(row).launch[row % ROWS_OF_CHUNK]!;
  }

  /** The number of its name. */
  name(row: number): number {
    return this.#chunkOf(row).name[row % ROWS_OF_CHUNK]!;
  }

  /** The number of the operator's name; −1 where it is not known. */
  operator(row: number): number {
    return this.#chunkOf(row).operator[row % ROWS_OF_CHUNK]!;
  }

  laneOf(row: number): number {
    return this.#chunkOf(row).lane[row % ROWS_OF_CHUNK]!;
  }

  /** The thread that launched it; −1 where it is not known. */
  thread(row: number): number {
    return this.#chunkOf(row).thread[row % ROWS_OF_CHUNK]!;
  }

  isCopy(row: number): boolean {
    return (this.#chunkOf(row).flags[row % ROWS_OF_CHUNK]! & COPY) !== 0;
  }

  /** Whether it is a graph without its kernels. */
  isGraph(row: number): boolean {
    return (this.#chunkOf(row).flags[row % ROWS_OF_CHUNK]! & WHOLE) !== 0;
  }

  inGraph(row: number): boolean {
    return (this.#chunkOf(row).flags[row % ROWS_OF_CHUNK]! & GRAPH) !== 0;
  }

  /** The rows of each device that are not settled, by start: streams are sorted, or nearly. */
  byDevice(): Map<number, Uint32Array> {
    const counts = new Uint32Array(this.lanes.length);
    this.#eachOpen((row) => counts[this.laneOf(row)]!++);
    const lanes = [...counts].map((count) => new Uint32Array(count));
    counts.fill(0);
    this.#eachOpen((row) => {
      const lane = this.laneOf(row);
      lanes[lane]![counts[lane]!++] = row;
    });
    const devices = new Map<number, Uint32Array[]>();
    lanes.forEach((rows, lane) => {
      this.#sort(rows);
      const { device } = this.lanes[lane]!;
      const streams = devices.get(device);
      if (streams) streams.push(rows);
      else devices.set(device, [rows]);
    });
    return new Map([...devices].map(([device, streams]) => [device, this.#merge(streams)]));
  }

  #eachOpen(take: (row: number) => void): void {
    for (let row = this.#first * ROWS_OF_CHUNK; row < this.length; row++) {
      if ((this.#chunkOf(row).flags[row % ROWS_OF_CHUNK]! & SETTLED) === 0) take(row);
    }
  }

  #sort(rows: Uint32Array): void {
    const starts = new Float64Array(rows.length);
    for (let at = 0; at < rows.length; at++) starts[at] = this.start(rows[at]!);
    sortByRuns(rows, starts);
  }

  /** Merges sorted lists two by two. */
  #merge(lists: Uint32Array[]): Uint32Array {
    let rest = lists;
    while (rest.length > 1) {
      const next: Uint32Array[] = [];
      for (let at = 0; at < rest.length; at += 2) {
        const [left, right] = [rest[at]!, rest[at + 1]];
        next.push(right ? this.#merged(left, right) : left);
      }
      rest = next;
    }
    return rest[0] ?? new Uint32Array();
  }

  #merged(left: Uint32Array, right: Uint32Array): Uint32Array {
    const merged = new Uint32Array(left.length + right.length);
    let l = 0;
    let r = 0;
    for (let at = 0; at < merged.length; at++) {
      const fromLeft = r === right.length ||
        l < left.length && this.start(left[l]!) <= this.start(right[r]!);
      merged[at] = fromLeft ? left[l++]! : right[r++]!;
    }
    return merged;
  }
}

interface SortedRows {
  readonly rows: Uint32Array;
  readonly starts: Float64Array;
}

/** Sorts rows by start; parts that are in order are found first and then merged two by two. */
function sortByRuns(rows: Uint32Array, starts: Float64Array): void {
  let ends: number[] = [];
  for (let at = 1; at < rows.length; at++) {
    if (starts[at]! < starts[at - 1]!) ends.push(at);
  }
  if (ends.length === 0) return;
  ends.push(rows.length);
  let from: SortedRows = { rows, starts };
  let to: SortedRows = {
    rows: new Uint32Array(rows.length),
    starts: new Float64Array(rows.length),
  };
  while (ends.length > 1) {
    const next: number[] = [];
    for (let run = 0; run < ends.length; run += 2) {
      const begin = run === 0 ? 0 : ends[run - 1]!;
      const middle = ends[run]!;
      const end = ends[run + 1] ?? middle;
      let left = begin;
      let right = middle;
      for (let at = begin; at < end; at++) {
        const isLeft = right === end || left < middle && from.starts[left]! <= from.starts[right]!;
        const source = isLeft ? left++ : right++;
        to.rows[at] = from.rows[source]!;
        to.starts[at] = from.starts[source]!;
      }
      next.push(end);
    }
    ends = next;
    [from, to] = [to, from];
  }
  if (from.rows !== rows) rows.set(from.rows);
}
