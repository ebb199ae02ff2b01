/**
 * A trace as a stream of bytes: its events one by one, and what stands beside them.
 *
 * Memory holds one block and one event at a time.
 *
 * @module
 */

import type { TraceEvent } from "./event.ts";
import { endOfString, endOfValue, NEED_MORE, skipSpace, SYNTAX, textIn } from "./json_bytes.ts";

/** A single event, or a value beside the events, larger than this is no such thing. */
const MOST_BYTES = 64 << 20;

/** A value beside the events is kept up to this size. */
const MOST_KEPT = 1 << 20;

/** How the reading of a document ended. */
export interface DocumentEnd {
  /** What stands beside the events, by its key; values that were no JSON are left out. */
  readonly beside: Readonly<Record<string, unknown>>;
  /** The same values as they stand in the file, for copies of it. */
  readonly raw: Readonly<Record<string, string>>;
  /** Whether there were events at all, even none in their list. */
  readonly found: boolean;
  /** Why the end was not reached; "" when it was. */
  readonly broken: string;
}

enum State {
  Start,
  Key,
  Behind,
  Event,
  BehindEvent,
  Done,
}

/** Called for each event. `bytes` holds it from `from` up to but without `to`. */
export type TakeEvent = (bytes: Uint8Array, from: number, to: number) => void;

/** Reads blocks of bytes. */
export class TraceDocument {
  #buffer = new Uint8Array(1 << 19);
  #end = 0;
  /** Bytes of the file before the buffer. */
  #passed = 0;
  #state = State.Start;
  #bare = false;
  #lists = 0;
  #beside: Record<string, unknown> = {};
  #raw: Record<string, string> = {};
  #broken = "";

  constructor(private readonly event: TraceEvent, private readonly take: TakeEvent) {}

  /** Whether no more need be fed: the document has ended, or cannot be read on. */
  get over(): boolean {
    return this.#broken !== "";
  }

  /** Takes a block. */
  feed(block: Uint8Array): void {
    if (this.over) return;
    if (this.#end + block.length + 1 > this.#buffer.length) {
      const size = Math.max(this.#buffer.length * 2, this.#end + block.length + 1);
      const larger = new Uint8Array(size);
      larger.set(this.#buffer.subarray(0, this.#end));
      this.#buffer = larger;
    }
    this.#buffer.set(block, this.#end);
    this.#end += block.length;
    this.#buffer[this.#end] = 0;
    const used = this.#run();
    this.#buffer.copyWithin(0, used, this.#end);
    this.#end -= used;
    this.#passed += used;
    if (this.#end > MOST_BYTES && !this.over) {
      this.#broken = `a value of more than ${MOST_BYTES >> 20} MiB begins at byte ${this.#passed}`;
    }
  }

  /** Ends the document. */
  end(): DocumentEnd {
    if (!this.#broken && this.#state !== State.Done) {
      const place = `at byte ${this.#passed + this.#end}`;
      this.#broken = this.#state === State.Start
        ? "it holds nothing but white space"
        : `the file ends early, ${place}`;
    }
    return { beside: this.#beside, raw: this.#raw, found: this.#lists > 0, broken: this.#broken };
  }

  /** Reads what the buffer holds; returns how many of its bytes are done with. */
  #run(): number {
    const bytes = this.#buffer;
    const end = this.#end;
    let at = 0;
    for (;;) {
      at = skipSpace(bytes, at);
      if (at >= end) return end;
      const next = this.#step(bytes, at, end);
      if (next === NEED_MORE) return at;
      if (next === SYNTAX) {
        this.#broken = `what stands at byte ${this.#passed + at} is no JSON`;
        return at;
      }
      if (this.over) return at;
      at = next;
    }
  }

  #step(bytes: Uint8Array, at: number, end: number): number {
    const byte = bytes[at]!;
    switch (this.#state) {
      case State.Event: {
        if (byte === 0x5d) return this.#endOfList(at);
        if (byte !== 0x7b) return SYNTAX;
        const behind = this.event.read(bytes, at, end);
        if (behind < 0) return behind;
        this.take(bytes, at, behind);
        this.#state = State.BehindEvent;
        return behind;
      }
      case State.BehindEvent:
        if (byte === 0x2c) this.#state = State.Event;
        else if (byte === 0x5d) return this.#endOfList(at);
        else return SYNTAX;
        return at + 1;
      case State.Start:
        return this.#start(bytes, at, end);
      case State.Key:
        return this.#key(bytes, at, end);
      case State.Behind:
        if (byte === 0x2c) this.#state = State.Key;
        else if (byte === 0x7d) this.#state = State.Done;
        else return SYNTAX;
        return at + 1;
      case State.Done:
        return SYNTAX;
    }
  }

  #start(bytes: Uint8Array, at: number, end: number): number {
    if (bytes[at] === 0xef) {
      // A byte order mark.
      if (at + 3 > end) return NEED_MORE;
      return bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf ? at + 3 : SYNTAX;
    }
    if (bytes[at] === 0x5b) {
      this.#bare = true;
      this.#lists = 1;
      this.#state = State.Event;
      return at + 1;
    }
    if (bytes[at] !== 0x7b) return SYNTAX;
    this.#state = State.Key;
    return at + 1;
  }

  #key(bytes: Uint8Array, at: number, end: number): number {
    if (bytes[at] === 0x7d) {
      this.#state = State.Done;
      return at + 1;
    }
    if (bytes[at] !== 0x22) return SYNTAX;
    const close = endOfString(bytes, at + 1, end);
    if (close < 0) return close;
    const key = textIn(bytes, at + 1, close);
    const colon = skipSpace(bytes, close + 1);
    if (bytes[colon] !== 0x3a) return colon >= end ? NEED_MORE : SYNTAX;
    const value = skipSpace(bytes, colon + 1);
    if (value >= end) return NEED_MORE;
    if (key === "traceEvents" && bytes[value] === 0x5b) {
      if (this.#lists++ > 0) {
        this.#broken = `a second list of events begins at byte ${this.#passed + value}`;
        return value;
      }
      this.#state = State.Event;
      return value + 1;
    }
    const behind = endOfValue(bytes, value, end);
    if (behind < 0) return behind;
    // A word at the very end of the buffer may go on in the next block: endOfValue asked for more.
    if (behind - value <= MOST_KEPT) this.#keep(key, textIn(bytes, value, behind));
    this.#state = State.Behind;
    return behind;
  }

  #keep(key: string, text: string): void {
    try {
      this.#beside[key] = JSON.parse(text);
      this.#raw[key] = text;
    } catch {
      // Not needed for the figures.
    }
  }

  #endOfList(at: number): number {
    this.#state = this.#bare ? State.Done : State.Behind;
    return at + 1;
  }
}
