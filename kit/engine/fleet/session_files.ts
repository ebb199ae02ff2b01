/**
 * Writes what comes home of a session on a cluster into its folder, where it is merged as if it had been recorded here.
 *
 * What is written twice stays as it is, so that a log can be read from its beginning at any time.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { PROCESSES } from "../../bundle/merge/raw_session.ts";
import { writeWhole } from "../../bundle/files/whole_file.ts";
import { pieceOf } from "../../fleet/pieces.ts";
import { type FilePart, filePartOf } from "../../fleet/session_pieces.ts";
import { writeAll } from "../../bundle/files/write_all.ts";

interface Whole {
  version: number;
  have: number;
  parts: Uint8Array[];
}

/** The files of a session. */
export class SessionFiles {
  /** Documents by name, as `end.json`. */
  readonly documents = new Map<string, unknown>();
  /** Bytes that never came, by file. */
  readonly gaps = new Map<string, number>();
  readonly #lengths = new Map<string, number>();
  readonly #wholes = new Map<string, Whole>();
  /** Parts behind one that has not come. */
  readonly #waiting = new Map<string, FilePart[]>();

  /** @param dir The session's folder. */
  constructor(private readonly files: FileSystem, private readonly dir: string) {}

  /** Takes in a line; returns whether it was a piece, whole or damaged. Needs write permission. */
  async take(line: string): Promise<boolean> {
    if (!line.startsWith("vscope-piece ")) return false;
    const piece = pieceOf(line.trimEnd());
    const part = piece && filePartOf(piece);
    if (part?.whole) await this.#replace(part, part.whole);
    else if (part) await this.#append(part);
    return true;
  }

  /** Nothing more will come: what stands behind a gap is written behind it. */
  async end(): Promise<void> {
    for (const [path, parts] of this.#waiting) {
      for (const part of parts.toSorted((one, other) => one.at - other.at)) {
        const length = await this.#length(path);
        const gap = part.at - length;
        if (gap > 0) {
          this.gaps.set(path, (this.gaps.get(path) ?? 0) + gap);
          // The row that was cut ends here.
          await this.#write(path, Uint8Array.of(10));
          this.#lengths.set(path, part.at);
        }
        await this.#append(part);
      }
    }
    this.#waiting.clear();
  }

  async #replace({ path, at, data }: FilePart, whole: { version: number; bytes: number }) {
    let known = this.#wholes.get(path);
    if (known && known.version > whole.version) return;
    if (!known || known.version < whole.version) {
      known = { version: whole.version, have: 0, parts: [] };
      this.#wholes.set(path, known);
    }
    if (at !== known.have) return;
    known.parts.push(data);
    known.have += data.length;
    if (known.have !== whole.bytes) return;
    const bytes = new Uint8Array(await new Blob(known.parts as BlobPart[]).arrayBuffer());
    known.parts = [];
    if (!path.includes("/")) {
      this.documents.set(path, JSON.parse(new TextDecoder().decode(bytes)));
      return;
    }
    await this.#folder(path);
    await writeWhole(this.files, this.#path(path), bytes);
  }

  async #append(part: FilePart): Promise<void> {
    const { path, at, data } = part;
    const length = await this.#length(path);
    if (at > length) {
      const waiting = this.#waiting.get(path) ?? [];
      if (!waiting.some((one) => one.at === at)) this.#waiting.set(path, [...waiting, part]);
      return;
    }
    const fresh = data.subarray(length - at);
    if (fresh.length === 0) return;
    await this.#write(path, fresh);
    this.#lengths.set(path, length + fresh.length);
  }

  async #write(path: string, bytes: Uint8Array): Promise<void> {
    await this.#folder(path);
    using file = await this.files.open(this.#path(path), { append: true, create: true });
    await writeAll(file, bytes);
  }

  async #length(path: string): Promise<number> {
    const known = this.#lengths.get(path);
    if (known !== undefined) return known;
    const found = await this.files.stat(this.#path(path)).catch(() => undefined);
    const length = found?.size ?? 0;
    this.#lengths.set(path, length);
    return length;
  }

  async #folder(path: string): Promise<void> {
    await this.files.mkdir(this.#path(path).slice(0, this.#path(path).lastIndexOf("/")), {
      recursive: true,
    });
  }

  #path(path: string): string {
    return `${this.dir}/${PROCESSES}/${path}`;
  }
}
