/**
 * Results that come home through a job's log: lines of bounded length, numbered and with a checksum.
 *
 * A line is `vscope-piece NUMBER KIND CRC32 BASE64`. The bytes are compressed; the checksum is of the text
 * before it. Whatever else stands in the log does not matter, nor the order of pieces, nor that one is there
 * twice. A piece that is damaged is as good as missing.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { crc32, deflateRawSync, inflateRawSync } from "node:zlib";

/**
 * What a piece holds: lines of the journal, what the engine is, or how the job ended, the latter as JSON; or a part of
 * a file (`session_pieces.ts`).
 */
export type PieceKind = "journal" | "engine" | "end" | "file";

/** A piece. */
export interface Piece {
  /** From 0. */
  readonly number: number;
  readonly kind: PieceKind;
  readonly text: string;
}

/** Text of a piece at most, in UTF-16 units: a line of a log stays below 64 KiB whatever the text is. */
export const PIECE_LENGTH = 12_000;

/** No piece is unpacked beyond this: a log is not trusted. */
const MOST_BYTES = 4 * PIECE_LENGTH;

const LINE =
  /^vscope-piece (\d{1,9}) (journal|engine|end|file) ([0-9a-f]{8}) ([A-Za-z0-9+/]+={0,2})$/;

/** A piece as a line, without its end. */
export function pieceLine({ number, kind, text }: Piece): string {
  const packed = deflateRawSync(Buffer.from(text)).toString("base64");
  return `vscope-piece ${number} ${kind} ${checksum(number, kind, text)} ${packed}`;
}

/** Cuts a text into pieces, numbered from `first`. Never within a pair of surrogates. */
export function piecesOf(kind: PieceKind, text: string, first: number): Piece[] {
  const pieces: Piece[] = [];
  for (let from = 0; from < text.length;) {
    let to = Math.min(text.length, from + PIECE_LENGTH);
    if (to < text.length && /[\uD800-\uDBFF]/.test(text[to - 1]!)) to--;
    pieces.push({ number: first + pieces.length, kind, text: text.slice(from, to) });
    from = to;
  }
  return pieces;
}

/** The pieces of a log, by number; whatever the text is, nothing is thrown. */
export function readPieces(log: string): Map<number, Piece> {
  const found = new Map<number, Piece>();
  for (const line of log.split("\n")) {
    const piece = pieceOf(line.trimEnd());
    if (piece && !found.has(piece.number)) found.set(piece.number, piece);
  }
  return found;
}

/** What pieces say together. */
export interface Received {
  /** Lines of the journal; those around a piece that is missing may be torn, and have checksums of their own. */
  readonly journal: string;
  /** Documents of the other kinds, where they are all there. */
  readonly engine?: unknown;
  readonly end?: unknown;
  /** Pieces that are missing before the last one that is there. */
  readonly missing: number;
}

/** Puts pieces together. */
export function received(pieces: ReadonlyMap<number, Piece>): Received {
  const ordered = [...pieces.values()].toSorted((one, other) => one.number - other.number);
  const text = { journal: "", engine: "", end: "", file: "" };
  let [before, missing] = [-1, 0];
  for (const { number, kind, text: part } of ordered) {
    const gap = number - before - 1;
    missing += gap;
    before = number;
    // A gap ends a line; a document with one is none.
    text[kind] += (gap > 0 ? "\n" : "") + part;
  }
  const [engine, end] = [documentOf(text.engine), documentOf(text.end)];
  return {
    journal: text.journal,
    missing,
    ...(engine === undefined ? {} : { engine }),
    ...(end === undefined ? {} : { end }),
  };
}

/** A JSON document; undefined where the text is none. */
export function documentOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The piece that a line is; undefined where it is none, or damaged. */
export function pieceOf(line: string): Piece | undefined {
  const [, number, kind, sum, packed] = LINE.exec(line) ?? [];
  if (packed === undefined) return undefined;
  try {
    const bytes = inflateRawSync(Buffer.from(packed, "base64"), { maxOutputLength: MOST_BYTES });
    const piece = { number: Number(number), kind: kind as PieceKind, text: bytes.toString() };
    return checksum(piece.number, piece.kind, piece.text) === sum ? piece : undefined;
  } catch {
    return undefined;
  }
}

/** Also of number and kind: a digit that is damaged makes another piece of it. */
function checksum(number: number, kind: PieceKind, text: string): string {
  return crc32(`${number} ${kind} ${text}`).toString(16).padStart(8, "0");
}
