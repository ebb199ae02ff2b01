/**
 * JSON read as bytes: where a value ends, and the number that stands there.
 *
 * A buffer is followed by at least one 0 byte that is no part of the data, so that loops need not
 * look for its end at each step. Positions below 0 tell why there is none.
 *
 * @module
 */

/** The data ends before the value does. */
export const NEED_MORE = -1;

/** What stands there is no JSON; not even with NaN and Infinity. */
export const SYNTAX = -2;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** From behind an opening quote to the closing one. */
export function endOfString(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  for (;;) {
    const byte = bytes[at]!;
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH) at += 2;
    else if (byte === 0 && at >= end) return NEED_MORE;
    else at++;
    if (at > end) return NEED_MORE;
  }
}

/** The first byte from `from` on that is no white space; it may lie at `end`. */
export function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  let byte = bytes[at]!;
  while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = bytes[++at]!;
  return at;
}

/** 1 for the bytes that may stand in a number or in a bare word such as NaN, -Infinity or null. */
const WORD = new Uint8Array(256);
for (const byte of new TextEncoder().encode("+-.0123456789")) WORD[byte] = 1;
for (let letter = 0x41; letter <= 0x5a; letter++) WORD[letter] = WORD[letter | 0x20] = 1;

/** From the first byte of a number or bare word to the first behind it. */
function endOfWord(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (WORD[bytes[at]!] === 1) at++;
  if (at >= end) return NEED_MORE;
  return at === from ? SYNTAX : at;
}

/** From the first byte of any value to the first behind it. */
export function endOfValue(bytes: Uint8Array, from: number, end: number): number {
  const first = bytes[from]!;
  if (first === QUOTE) {
    const close = endOfString(bytes, from + 1, end);
    return close < 0 ? close : close + 1;
  }
  if (first !== 0x7b && first !== 0x5b) {
    return from >= end ? NEED_MORE : endOfWord(bytes, from, end);
  }
  // One bit a level: 1 for an object. Below 31 levels only their number is compared.
  let kinds = first === 0x7b ? 1 : 0;
  let depth = 1;
  let deep = false;
  let at = from + 1;
  for (;;) {
    const byte = bytes[at]!;
    if (byte === QUOTE) {
      const close = endOfString(bytes, at + 1, end);
      if (close < 0) return close;
      at = close + 1;
    } else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > 31) deep = true;
      kinds = (kinds << 1) | (byte === 0x7b ? 1 : 0);
      at++;
    } else if (byte === 0x7d || byte === 0x5d) {
      if (!deep && (kinds & 1) !== (byte === 0x7d ? 1 : 0)) return SYNTAX;
      depth--;
      kinds >>>= 1;
      at++;
      if (depth === 0) return at;
    } else if (byte === 0) {
      return at >= end ? NEED_MORE : SYNTAX;
    } else {
      at++;
    }
  }
}

/** The number between two positions; NaN where there is none, or no finite one. */
export function numberIn(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  const negative = bytes[at] === 0x2d;
  if (negative) at++;
  if (end - at > 15 || at === end) return slowNumber(bytes, from, end);
  let value = 0;
  for (; at < end; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return slowNumber(bytes, from, end);
    value = value * 10 + digit;
  }
  return negative ? -value : value;
}

function slowNumber(bytes: Uint8Array, from: number, end: number): number {
  const text = textIn(bytes, from, end);
  if (!/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return NaN;
  const value = Number(text);
  return Number.isFinite(value) ? value : NaN;
}

/**
 * Nanoseconds of a number of microseconds between two positions, counted from `base` microseconds:
 * exact, where a double of the microseconds since 1970 would be off by up to 128 ns.
 */
export function nanosecondsIn(bytes: Uint8Array, from: number, end: number, base: number): number {
  let at = from;
  const negative = bytes[at] === 0x2d;
  if (negative) at++;
  let whole = 0;
  let digits = 0;
  for (; at < end; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) break;
    whole = whole * 10 + digit;
    digits++;
  }
  if (digits === 0 || digits > 15 && whole > Number.MAX_SAFE_INTEGER) {
    return slowNanoseconds(bytes, from, end, base);
  }
  let rest = 0;
  if (at < end) {
    if (bytes[at] !== 0x2e || end - at === 1) return slowNanoseconds(bytes, from, end, base);
    let unit = 100;
    for (at++; at < end; at++) {
      const digit = bytes[at]! - 0x30;
      if (digit < 0 || digit > 9) return slowNanoseconds(bytes, from, end, base);
      rest += digit * unit;
      unit /= 10;
    }
  }
  return negative ? (-whole - base) * 1000 - rest : (whole - base) * 1000 + rest;
}

function slowNanoseconds(bytes: Uint8Array, from: number, end: number, base: number): number {
  return (slowNumber(bytes, from, end) - base) * 1000;
}

/** The bytes between two positions as text; for short and rare ones. */
export function textIn(bytes: Uint8Array, from: number, end: number): string {
  return new TextDecoder().decode(bytes.subarray(from, end));
}
