/**
 * One event of a trace, read from its bytes: only the fields that the tables need.
 *
 * @module
 */

import {
  endOfString,
  endOfValue,
  nanosecondsIn,
  NEED_MORE,
  numberIn,
  skipSpace,
  SYNTAX,
  textIn,
} from "./json_bytes.ts";
import type { Names } from "../activity/names.ts";

/** Why an event cannot be used. */
export type Damage = "" | "a key stands twice" | "a number is missing or no finite number";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** Keys of an event, and of its `args` from `EXTERNAL` on. */
enum Key {
  Unknown = 0,
  Ph = 1,
  Cat = 2,
  Name = 3,
  Pid = 4,
  Tid = 5,
  Ts = 6,
  Dur = 7,
  Args = 8,
  External = 9,
  Correlation = 10,
  Device = 11,
  Stream = 12,
  Bytes = 13,
  Graph = 14,
  GraphNode = 15,
}

const KEYS: Readonly<Record<string, Key>> = {
  ph: Key.Ph,
  cat: Key.Cat,
  name: Key.Name,
  pid: Key.Pid,
  tid: Key.Tid,
  ts: Key.Ts,
  dur: Key.Dur,
  args: Key.Args,
};

const ARGS: Readonly<Record<string, Key>> = {
  "External id": Key.External,
  "external id": Key.External,
  "correlation": Key.Correlation,
  "device": Key.Device,
  "stream": Key.Stream,
  "bytes": Key.Bytes,
  "graph id": Key.Graph,
  "graph node id": Key.GraphNode,
};

/** The event that was read last. A number that the event does not have is NaN. */
export class TraceEvent {
  /** The `ph`, as a character code; 0 where there is none. */
  ph = 0;
  /** Numbers of texts in the names, −1 where there is none. */
  cat = -1;
  name = -1;
  /** A number, or −1 minus the number of a text. */
  pid = NaN;
  tid = NaN;
  /** Nanoseconds since the base, which is the first event's whole microsecond. */
  start = NaN;
  duration = NaN;
  external = NaN;
  correlation = NaN;
  device = NaN;
  stream = NaN;
  bytes = NaN;
  graph = NaN;
  graphNode = NaN;
  damage: Damage = "";
  /** Microseconds; NaN before the first event. */
  base = NaN;

  #seen = 0;

  constructor(readonly names: Names) {}

  /** Reads the object that begins at `from`; returns where it ends, `NEED_MORE` or `SYNTAX`. */
  read(bytes: Uint8Array, from: number, end: number): number {
    this.ph = 0;
    this.cat = this.name = -1;
    this.pid =
      this.tid =
      this.start =
      this.duration =
        NaN;
    this.external =
      this.correlation =
      this.device =
      this.stream =
        NaN;
    this.bytes = this.graph = this.graphNode = NaN;
    this.damage = "";
    this.#seen = 0;
    return this.#object(bytes, from, end, KEY_TABLE);
  }

  #object(bytes: Uint8Array, from: number, end: number, keys: KeyTable): number {
    let at = skipSpace(bytes, from + 1);
    if (bytes[at] === CLOSE) return at + 1;
    for (;;) {
      if (bytes[at] !== QUOTE) return at >= end ? NEED_MORE : SYNTAX;
      const close = endOfString(bytes, at + 1, end);
      if (close < 0) return close;
      const key = keys.find(bytes, at + 1, close);
      at = skipSpace(bytes, close + 1);
      if (bytes[at] !== COLON) return at >= end ? NEED_MORE : SYNTAX;
      at = skipSpace(bytes, at + 1);
      if (at >= end) return NEED_MORE;
      const behind = key === Key.Args && bytes[at] === OPEN
        ? this.#object(bytes, at, end, ARG_TABLE)
        : endOfValue(bytes, at, end);
      if (behind < 0) return behind;
      if (key !== Key.Unknown) this.#take(key, bytes, at, behind);
      at = skipSpace(bytes, behind);
      const byte = bytes[at];
      if (byte === COMMA) at = skipSpace(bytes, at + 1);
      else if (byte === CLOSE) return at + 1;
      else return at >= end ? NEED_MORE : SYNTAX;
    }
  }

  #take(key: Key, bytes: Uint8Array, from: number, end: number): void {
    const bit = 1 << key;
    if ((this.#seen & bit) !== 0) this.damage = "a key stands twice";
    this.#seen |= bit;
    const text = bytes[from] === QUOTE;
    switch (key) {
      case Key.Ph:
        this.ph = text && end - from === 3 ? bytes[from + 1]! : 0;
        break;
      case Key.Cat:
        this.cat = text ? this.names.find(bytes, from + 1, end - 1) : -1;
        break;
      case Key.Name:
        this.name = text ? this.names.find(bytes, from + 1, end - 1) : -1;
        break;
      case Key.Pid:
        this.pid = this.#place(bytes, from, end);
        break;
      case Key.Tid:
        this.tid = this.#place(bytes, from, end);
        break;
      case Key.Ts:
        if (Number.isNaN(this.base)) this.base = Math.floor(numberIn(bytes, from, end));
        this.start = text ? NaN : nanosecondsIn(bytes, from, end, this.base);
        break;
      case Key.Dur:
        this.duration = text ? NaN : nanosecondsIn(bytes, from, end, 0);
        break;
      case Key.External:
        this.external = numberIn(bytes, from, end);
        break;
      case Key.Correlation:
        this.correlation = numberIn(bytes, from, end);
        break;
      case Key.Device:
        this.device = numberIn(bytes, from, end);
        break;
      case Key.Stream:
        this.stream = numberIn(bytes, from, end);
        break;
      case Key.Bytes:
        this.bytes = numberIn(bytes, from, end);
        break;
      case Key.Graph:
        this.graph = numberIn(bytes, from, end);
        break;
      case Key.GraphNode:
        this.graphNode = numberIn(bytes, from, end);
        break;
    }
  }

  /** A process or a thread: a number, or a text such as "Spans". */
  #place(bytes: Uint8Array, from: number, end: number): number {
    return bytes[from] === QUOTE
      ? -1 - this.names.find(bytes, from + 1, end - 1)
      : numberIn(bytes, from, end);
  }
}

/** Keys by their bytes. */
class KeyTable {
  /** Keys by length and first byte; a place holds the few that share both. */
  #places: { spelled: Uint8Array; key: Key }[][] = [];

  constructor(private readonly keys: Readonly<Record<string, Key>>) {
    for (const [text, key] of Object.entries(keys)) {
      const spelled = new TextEncoder().encode(text);
      const place = (spelled.length << 8) | spelled[0]!;
      (this.#places[place] ??= []).push({ spelled, key });
    }
    for (let place = 0; place < 16 << 8; place++) this.#places[place] ??= [];
  }

  find(bytes: Uint8Array, from: number, end: number): Key {
    const length = end - from;
    if (length > 0 && length < 16) {
      const place = this.#places[(length << 8) | bytes[from]!]!;
      for (let turn = 0; turn < place.length; turn++) {
        const { spelled, key } = place[turn]!;
        let at = 1;
        while (at < length && bytes[from + at] === spelled[at]) at++;
        if (at >= length) return key;
      }
    }
    for (let at = from; at < end; at++) {
      if (bytes[at] !== BACKSLASH) continue;
      // An escaped spelling of a key is the same key.
      try {
        return this.keys[JSON.parse(`"${textIn(bytes, from, end)}"`)] ?? Key.Unknown;
      } catch {
        return Key.Unknown;
      }
    }
    return Key.Unknown;
  }
}

/** Made once: many small traces are read by one program. */
const KEY_TABLE = new KeyTable(KEYS);
const ARG_TABLE = new KeyTable(ARGS);
