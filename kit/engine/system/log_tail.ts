/**
 * The last lines of a log file.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";

/** How far from the end lines are looked for, unless a caller says otherwise. */
const TAIL_BYTES = 64 * 1024;

/** The last `count` lines of a file's last `bytes` that are not empty; none where there is no file. */
export async function lastLines(
  files: FileSystem,
  path: string,
  count: number,
  bytes = TAIL_BYTES,
): Promise<string[]> {
  try {
    using file = await files.open(path, { read: true });
    const { size } = await file.stat();
    await file.seek(Math.max(0, size - bytes), Deno.SeekMode.Start);
    const buffer = new Uint8Array(Math.min(size, bytes));
    let length = 0;
    for (;;) {
      const read = await file.read(buffer.subarray(length));
      if (!read) break;
      length += read;
    }
    const lines = new TextDecoder().decode(buffer.subarray(0, length)).split(/\r?\n|\r/);
    return lines.filter((line) => line.trim() !== "").slice(-count);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
