/**
 * A disk without room: nobody's mistake, and there may be room again.
 *
 * @module
 */

import { messageOf, RunError } from "../contract/errors.ts";

/** There is no room for something. */
export class DiskFull extends RunError {
  /** Name of the class. */
  override name = "DiskFull";
}

/** Codes of the system: the disk is full, or what one user may have of it. */
const CODES = ["ENOSPC", "EDQUOT"];

/**
 * An error of a full disk as one that says what has no room; undefined for any other error.
 *
 * @param what What was to be kept, as `what came home in perf/H100`.
 */
export function diskFull(error: unknown, what: string): DiskFull | undefined {
  if (error instanceof DiskFull) return error;
  const code = (error as { code?: unknown } | null | undefined)?.code;
  if (typeof code !== "string" || !CODES.includes(code)) return undefined;
  return new DiskFull(`Cannot keep ${what}: ${messageOf(error)}`);
}

/** Whether Python says, in one line, that a disk is full. */
export function saysDiskFull(line: string): boolean {
  return /\[Errno (28|122)\]/.test(line);
}
