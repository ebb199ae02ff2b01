/**
 * Writes the events of a timeline in the JSON trace event format, which Perfetto opens.
 *
 * @module
 */

import { TraceWriter } from "../../../analysis/torch/trace_writer.ts";
import type { FileSystem } from "../../../contract/context.ts";

/** What stands beside an event. */
export type Arguments = Readonly<Record<string, string | number | undefined>>;

/** Where a slice was drawn. */
export interface Drawn {
  readonly pid: number;
  readonly tid: number;
  /** Seconds since the session began. */
  readonly from: number;
}

/** Events that wait until they are written. */
const BLOCK = 4096;

/** A timeline that is being written. Times are seconds since the session began. */
export class Timeline {
  #waiting = 0;
  #encoder = new TextEncoder();
  /** Per process and track: the end of the last slice of each lane, in microseconds. */
  #lanes = new Map<string, { tids: number[]; ends: number[] }>();
  #threads = new Map<number, number>();
  /** All events but the names of processes and tracks. */
  events = 0;

  private constructor(
    private readonly writer: TraceWriter,
    private readonly nameOf: (pid: number) => string,
  ) {}

  /** Opens a timeline; `beside` stands beside the events. Needs write permission. */
  static async create(
    files: FileSystem,
    path: string,
    beside: Arguments,
    nameOf: (pid: number) => string,
  ): Promise<Timeline> {
    const head = { displayTimeUnit: '"ms"', otherData: JSON.stringify(beside) };
    return new Timeline(await TraceWriter.create(files, path, head), nameOf);
  }

  /**
   * A slice on a track of a process. Slices of one track that overlap lie on lanes of their own,
   * because a viewer only nests; those of one track have to come in the order of their starts.
   */
  slice(
    pid: number,
    track: string,
    name: string,
    from: number,
    seconds: number,
    args: Arguments = {},
  ): Drawn {
    const tid = this.#lane(pid, track, micros(from), micros(from) + micros(seconds));
    this.inside({ pid, tid, from }, name, from, seconds, args);
    return { pid, tid, from };
  }

  /** A slice within one that was drawn. */
  inside({ pid, tid }: Drawn, name: string, from: number, seconds: number, args: Arguments = {}) {
    this.#event({ ph: "X", pid, tid, ts: micros(from), dur: micros(seconds), name, args });
  }

  /** A moment on a track of a process. */
  instant(pid: number, track: string, name: string, at: number, args: Arguments = {}) {
    const tid = this.#lane(pid, track, micros(at), micros(at));
    this.#event({ ph: "i", s: "t", pid, tid, ts: micros(at), name, args });
  }

  /** A point of a counter of a process; one that is no number is left out. */
  counter(pid: number, name: string, at: number, value: number) {
    if (!Number.isFinite(value) || !Number.isFinite(at)) return;
    this.#process(pid);
    this.#event({ ph: "C", pid, ts: micros(at), name, args: { value } });
  }

  /** The start, a step or the end of an arrow: it binds to the slice that is open there. */
  arrow(kind: "s" | "t" | "f", id: number, { pid, tid, from }: Drawn) {
    const end = kind === "f" ? { bp: "e" } : {};
    this.#event({
      ph: kind,
      id,
      pid,
      tid,
      ts: micros(from),
      name: "request",
      cat: "request",
      ...end,
    });
  }

  /** Writes what waits, where that is much. */
  async settle(): Promise<void> {
    if (this.#waiting < BLOCK) return;
    this.#waiting = 0;
    await this.writer.flush();
  }

  /** Gives the file its name; returns its bytes. */
  async close(): Promise<number> {
    return await this.writer.close();
  }

  /** Removes what was written. */
  async abandon(): Promise<void> {
    await this.writer.abandon();
  }

  #lane(pid: number, track: string, from: number, to: number): number {
    const key = `${pid}/${track}`;
    let lanes = this.#lanes.get(key);
    if (!lanes) this.#lanes.set(key, lanes = { tids: [], ends: [] });
    let lane = lanes.ends.findIndex((end) => end <= from);
    if (lane < 0) {
      lane = lanes.ends.length;
      lanes.tids.push(this.#thread(pid, lane === 0 ? track : `${track} (${lane + 1})`));
    }
    lanes.ends[lane] = to;
    return lanes.tids[lane]!;
  }

  #process(pid: number) {
    if (this.#threads.has(pid)) return;
    this.#threads.set(pid, 0);
    this.#put({ ph: "M", pid, tid: 0, name: "process_name", args: { name: this.nameOf(pid) } });
  }

  #thread(pid: number, name: string): number {
    const tid = (this.#threads.get(pid) ?? 0) + 1;
    const meta = { ph: "M", pid, tid };
    this.#process(pid);
    this.#threads.set(pid, tid);
    this.#put({ ...meta, name: "thread_name", args: { name } });
    this.#put({ ...meta, name: "thread_sort_index", args: { sort_index: tid } });
    return tid;
  }

  #event(event: Readonly<Record<string, unknown>>) {
    this.events++;
    this.#put(event);
  }

  #put(event: Readonly<Record<string, unknown>>) {
    const bytes = this.#encoder.encode(JSON.stringify(event));
    this.writer.event(bytes, 0, bytes.length);
    this.#waiting++;
  }
}

/** Microseconds, to the nanosecond. */
function micros(seconds: number): number {
  return Math.round(seconds * 1e9) / 1e3;
}
