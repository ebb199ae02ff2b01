/**
 * Writes a trace from the bytes of events.
 *
 * @module
 */

import { once } from "node:events";
import { createGzip, type Gzip } from "node:zlib";
import type { FileSystem } from "../../contract/context.ts";

/** A trace that is being written beside its name. */
export class TraceWriter {
  #parts: Uint8Array[] = [];
  #count = 0;
  #bytes = 0;
  #gzip: Gzip | undefined;
  #packing: Promise<void> | undefined;
  #encoder = new TextEncoder();

  private constructor(
    private readonly files: FileSystem,
    private readonly path: string,
    private readonly temporary: string,
    private readonly file: Deno.FsFile,
  ) {}

  /** Opens a trace; `beside` is what stands beside the events, as JSON. */
  static async create(
    files: FileSystem,
    path: string,
    beside: Readonly<Record<string, string>>,
  ): Promise<TraceWriter> {
    const temporary = `${path}.${Deno.pid}.tmp`;
    const file = await files.open(temporary, { write: true, create: true, truncate: true });
    const writer = new TraceWriter(files, path, temporary, file);
    if (path.endsWith(".gz")) {
      const gzip = writer.#gzip = createGzip();
      writer.#packing = (async () => {
        for await (const block of gzip) await writer.#write(block as Uint8Array);
      })();
    }
    const head = Object.entries(beside).map(([key, text]) =>
      `  ${JSON.stringify(key)}: ${text},\n`
    );
    writer.#text(`{\n${head.join("")}  "traceEvents": [`);
    return writer;
  }

  /** Adds the event that stands in `bytes` from `from` up to but without `to`. */
  event(bytes: Uint8Array, from: number, to: number): void {
    this.#text(this.#count++ === 0 ? "\n  " : ",\n  ");
    this.#parts.push(bytes.slice(from, to));
  }

  /** Writes what has been added. */
  async flush(): Promise<void> {
    const parts = this.#parts;
    this.#parts = [];
    const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    if (whole.length === 0) return;
    if (!this.#gzip) return await this.#write(whole);
    if (!this.#gzip.write(whole)) await once(this.#gzip, "drain");
  }

  /** Ends the trace and gives it its name; returns its size in bytes. */
  async close(): Promise<number> {
    this.#text("\n  ]\n}\n");
    await this.flush();
    this.#gzip?.end();
    await this.#packing;
    this.file.close();
    await this.files.rename(this.temporary, this.path);
    return this.#bytes;
  }

  /** Removes what was written. */
  async abandon(): Promise<void> {
    this.#gzip?.destroy();
    await this.#packing?.catch(() => {});
    this.file.close();
    await this.files.remove(this.temporary);
  }

  #text(text: string): void {
    this.#parts.push(this.#encoder.encode(text));
  }

  async #write(block: Uint8Array): Promise<void> {
    this.#bytes += block.length;
    let data = block;
    while (data.length > 0) data = data.subarray(await this.file.write(data));
  }
}
