/**
 * The log files of a process: their last lines, and what is added to them.
 *
 * @module
 */

import type { FileSystem } from "../contract/context.ts";

const TAIL_BYTES = 64 * 1024;

/** The last `count` lines of a file that are not empty; none where there is no file. */
export async function lastLines(
  files: FileSystem,
  path: string,
  count: number,
): Promise<string[]> {
  try {
    using file = await files.open(path, { read: true });
    const { size } = await file.stat();
    await file.seek(Math.max(0, size - TAIL_BYTES), Deno.SeekMode.Start);
    const buffer = new Uint8Array(TAIL_BYTES);
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

/** Hands on what is added to a file, from its beginning, in whole lines. */
export class LogFollower {
  #offset = 0;
  #rest = "";
  #decoder = new TextDecoder();

  constructor(
    private readonly files: FileSystem,
    private readonly path: string,
    private readonly take: (line: string) => void,
  ) {}

  /** Reads what has come since the last call. */
  async poll(): Promise<void> {
    let file: Deno.FsFile;
    try {
      file = await this.files.open(this.path, { read: true });
    } catch {
      return;
    }
    using open = file;
    await open.seek(this.#offset, Deno.SeekMode.Start);
    const buffer = new Uint8Array(1 << 16);
    for (;;) {
      const count = await open.read(buffer);
      if (!count) return;
      this.#offset += count;
      const lines = (this.#rest + this.#decoder.decode(buffer.subarray(0, count), { stream: true }))
        .split("\n");
      this.#rest = lines.pop() ?? "";
      for (const line of lines) this.take(line);
    }
  }

  /** Hands on a last line that has no end. */
  async finish(): Promise<void> {
    await this.poll();
    if (this.#rest) this.take(this.#rest);
    this.#rest = "";
  }
}
