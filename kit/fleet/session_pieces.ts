/**
 * Pieces that hold parts of files, as `hooks/vscope_fleet/pieces.py` makes them: a line of JSON, then the part.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { documentOf, type Piece } from "./pieces.ts";

/** A part of a file. */
export interface FilePart {
  /** `<process>/<file>`, or the name of a document. */
  readonly path: string;
  /** Where its bytes begin in the file. */
  readonly at: number;
  /** Of a file that is replaced as a whole: which of its contents this is, and how many bytes that has. */
  readonly whole?: { readonly version: number; readonly bytes: number };
  readonly data: Uint8Array;
}

/** Below a session's `processes`, and nowhere else: a log is not trusted. */
const PATH = /^(?:\w[\w.@-]*\/)?\w[\w.-]*$/;

/** Takes a piece apart; undefined where it holds no part of a file that may be written. */
export function filePartOf({ kind, text }: Piece): FilePart | undefined {
  if (kind !== "file") return undefined;
  const end = text.indexOf("\n");
  const header = documentOf(text.slice(0, Math.max(0, end))) as Record<string, unknown> | undefined;
  const { path, at, version, bytes, base64 } = header ?? {};
  if (typeof path !== "string" || !PATH.test(path) || !isCount(at)) return undefined;
  return {
    path,
    at,
    ...(isCount(version) && isCount(bytes) ? { whole: { version, bytes } } : {}),
    data: Buffer.from(text.slice(end + 1), base64 === true ? "base64" : "utf-8"),
  };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
