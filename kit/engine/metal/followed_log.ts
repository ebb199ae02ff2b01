/**
 * What is added to a log that somebody else writes.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";

/** Hands on the whole lines that have come since the last look. */
export class FollowedLog {
  #offset = 0;
  #rest = "";
  #decoder = new TextDecoder();

  constructor(private readonly files: FileSystem, private readonly path: string) {}

  /** Reads what is new; nothing where there is no file yet. Needs read permission. */
  async lines(): Promise<string[]> {
    const found: string[] = [];
    let file: Deno.FsFile;
    try {
      file = await this.files.open(this.path, { read: true });
    } catch {
      return found;
    }
    using open = file;
    await open.seek(this.#offset, Deno.SeekMode.Start);
    const buffer = new Uint8Array(1 << 16);
    for (;;) {
      const count = await open.read(buffer);
      if (!count) return found;
      this.#offset += count;
      const lines = (this.#rest + this.#decoder.decode(buffer.subarray(0, count), { stream: true }))
        .split("\n");
      this.#rest = lines.pop() ?? "";
      found.push(...lines);
    }
  }
}
