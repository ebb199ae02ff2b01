/**
 * The values of one row.
 *
 * @module
 */

import { DamagedDatabase } from "./errors.ts";

/** Bytes of a value by its type's number; text and blobs from 12 on tell theirs. */
const SIZES = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0];

/** A value of 12 or more is bytes; odd ones are text. */
const FIRST_BYTES = 12;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Takes chosen columns out of records. */
export class RowReader {
  /** Numbers of the chosen columns; NaN where there is none. Whole numbers above 2⁵³ are rounded. */
  readonly values: Float64Array;
  /** Where the bytes of a chosen column's text or blob begin; −1 where it is neither. */
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
  /** What `starts` counts in. */
  bytes: Uint8Array = new Uint8Array();

  /** Slots by column; −1 for one that is not wanted. */
  #slots: Int32Array;
  #rowidSlot = -1;
  #view = new DataView(new ArrayBuffer(8));

  /**
   * @param places Columns' places in the table; −1 for one that the table lacks.
   * @param rowid The place of the column that is the row's number.
   */
  constructor(places: readonly number[], rowid: number) {
    this.values = new Float64Array(places.length).fill(NaN);
    this.starts = new Int32Array(places.length).fill(-1);
    this.lengths = new Int32Array(places.length);
    this.#slots = new Int32Array(Math.max(-1, ...places) + 1).fill(-1);
    places.forEach((place, slot) => {
      if (place === rowid && rowid >= 0) this.#rowidSlot = slot;
      else if (place >= 0) this.#slots[place] = slot;
    });
  }

  /** How many bytes of a record have to be there for the chosen columns; its whole, if it is short. */
  bytesNeeded(bytes: Uint8Array, from: number, end: number, payload: number): number {
    let at = from;
    let head = bytes[at++]!;
    if (head >= 0x80) [head, at] = varint(bytes, from, end);
    let need = head;
    let column = 0;
    while (at < from + head && at < end && column < this.#slots.length) {
      let type = bytes[at]!;
      if (type < 0x80) at++;
      else [type, at] = varint(bytes, at, end);
      need += sizeOf(type);
      column++;
    }
    return Math.min(need, payload);
  }

  /**
   * Reads a record that begins at `from` and ends before `end`.
   *
   * @throws DamagedDatabase when it is none.
   */
  take(bytes: Uint8Array, from: number, end: number, rowid: number): void {
    const { values, starts, lengths } = this;
    const slots = this.#slots;
    this.bytes = bytes;
    let at = from;
    let head = bytes[at++]!;
    if (head >= 0x80) [head, at] = varint(bytes, from, end);
    const body = from + head;
    if (body > end) throw new DamagedDatabase("a row's head is longer than the row");
    let value = body;
    let column = 0;
    for (; column < slots.length && at < body; column++) {
      let type = bytes[at]!;
      if (type < 0x80) at++;
      else [type, at] = varint(bytes, at, body);
      const size = type < FIRST_BYTES ? SIZES[type]! : (type - FIRST_BYTES) >>> 1;
      const slot = slots[column]!;
      if (slot >= 0) {
        if (value + size > end) throw new DamagedDatabase("a row is shorter than its values");
        if (type >= FIRST_BYTES) {
          values[slot] = NaN;
          starts[slot] = value;
          lengths[slot] = size;
        } else {
          starts[slot] = -1;
          values[slot] = this.#number(bytes, value, type);
        }
      }
      value += size;
    }
    // Columns that were added to a table later are not in its older rows.
    for (; column < slots.length; column++) {
      const slot = slots[column]!;
      if (slot < 0) continue;
      values[slot] = NaN;
      starts[slot] = -1;
    }
    if (this.#rowidSlot >= 0) values[this.#rowidSlot] = rowid;
  }

  /** The text of a chosen column; nothing where it is none. */
  text(slot: number): string | undefined {
    const start = this.starts[slot]!;
    return start < 0
      ? undefined
      : decoder.decode(this.bytes.subarray(start, start + this.lengths[slot]!));
  }

  #number(bytes: Uint8Array, at: number, type: number): number {
    switch (type) {
      case 0:
        return NaN;
      case 1:
        return bytes[at]! << 24 >> 24;
      case 2:
        return (bytes[at]! << 24 | bytes[at + 1]! << 16) >> 16;
      case 3:
        return (bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8) >> 8;
      case 4:
        return int32(bytes, at);
      case 5:
        return ((bytes[at]! << 24 | bytes[at + 1]! << 16) >> 16) * 0x1_0000_0000 +
          (int32(bytes, at + 2) >>> 0);
      case 6:
        return int32(bytes, at) * 0x1_0000_0000 + (int32(bytes, at + 4) >>> 0);
      case 7:
        for (let byte = 0; byte < 8; byte++) this.#view.setUint8(byte, bytes[at + byte]!);
        return this.#view.getFloat64(0);
      case 8:
        return 0;
      case 9:
        return 1;
      default:
        throw new DamagedDatabase("a value is of a type that does not exist");
    }
  }
}

function int32(bytes: Uint8Array, at: number): number {
  return bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!;
}

function sizeOf(type: number): number {
  return type < FIRST_BYTES ? SIZES[type]! : Math.floor((type - FIRST_BYTES) / 2);
}

/**
 * A number of one to nine bytes; returns it and where it ends.
 *
 * @throws DamagedDatabase when it goes past `end`.
 */
export function varint(bytes: Uint8Array, from: number, end: number): [value: number, at: number] {
  let value = 0;
  for (let at = from; at < from + 8; at++) {
    if (at >= end) throw new DamagedDatabase("a number goes past the end of its page");
    const byte = bytes[at]!;
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return [value, at + 1];
  }
  if (from + 8 >= end) throw new DamagedDatabase("a number goes past the end of its page");
  // Nine bytes: a negative number, or one of 2⁵⁶ and more.
  let all = 0n;
  for (let at = from; at < from + 8; at++) all = all << 7n | BigInt(bytes[at]! & 0x7f);
  all = all << 8n | BigInt(bytes[from + 8]!);
  return [Number(BigInt.asIntN(64, all)), from + 9];
}
