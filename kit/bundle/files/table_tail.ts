/**
 * A CSV table that is still being written, read a block at a time.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { type CsvParser, loadCsv } from "../../deps.ts";

/** Most bytes that are read at once; a longer line is read whole. */
export const BLOCK_BYTES = 1 << 18;

/**
 * A row. A session that is followed has thousands of them a second: a class with two fields costs less
 * than functions made for each row.
 */
export class TailRow {
  constructor(
    private readonly cells: readonly string[],
    private readonly places: ReadonlyMap<string, number>,
  ) {}

  /** The cell of a column, "" where the file lacks it. */
  get(column: string): string {
    return this.cells[this.places.get(column) ?? -1] ?? "";
  }

  /** The cell as a number; undefined where it is none. */
  number(column: string): number | undefined {
    const text = this.get(column);
    const value = text === "" ? NaN : Number(text);
    return Number.isFinite(value) ? value : undefined;
  }
}

/**
 * Follows one file. Only whole lines are taken: a line that has no end yet is read again when it
 * may have one. A file that was replaced, or that has become shorter than what was taken of it, is
 * read from its beginning.
 */
export class TableTail {
  #taken = 0;
  #file: string | undefined;
  #header: ReadonlyMap<string, number> | undefined;
  #size = 0;
  /** `timestamp_sec` of the last row that was taken; -Infinity before the first. */
  time = -Infinity;
  /** How often the file was begun anew. */
  restarts = 0;

  constructor(private readonly path: string) {}

  /** Whether the file held more than was taken when {@linkcode look} last saw it. */
  get behind(): boolean {
    return this.#size > this.#taken;
  }

  /** Bytes of a last line that has no end. */
  get unfinished(): number {
    return Math.max(0, this.#size - this.#taken);
  }

  /** Sees how long the file is now; one that is missing has nothing new. Needs read permission. */
  async look(files: FileSystem): Promise<void> {
    let found: Deno.FileInfo;
    try {
      found = await files.stat(this.path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      this.#size = this.#taken;
      return;
    }
    const file = `${found.dev}/${found.ino}`;
    if (found.size < this.#taken || (this.#file !== undefined && file !== this.#file)) {
      this.#taken = 0;
      this.#header = undefined;
      this.restarts++;
    }
    this.#file = file;
    this.#size = found.size;
  }

  /**
   * Takes the next block of rows. Without one that is whole there are none, and the file counts as
   * read to its end until it grows. Needs read permission.
   */
  async read(files: FileSystem, most = BLOCK_BYTES): Promise<TailRow[]> {
    const papa = await loadCsv();
    let bytes: Uint8Array;
    try {
      bytes = await this.#block(files, most);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      bytes = new Uint8Array();
    }
    if (bytes.length === 0) this.#size = this.#taken;
    this.#taken += bytes.length;
    return this.#rows(papa, new TextDecoder().decode(bytes));
  }

  #rows(papa: CsvParser, text: string): TailRow[] {
    const rows = rowsOf(papa, text);
    if (this.#header === undefined && rows.length > 0) {
      this.#header = new Map(rows.shift()!.map((name, place) => [name, place]));
    }
    const places = this.#header;
    if (!places || rows.length === 0) return [];
    const found = rows.map((cells) => new TailRow(cells, places));
    const time = found.at(-1)!.number("timestamp_sec");
    if (time !== undefined) this.time = Math.max(this.time, time);
    return found;
  }

  /** Whole lines from where the last block ended. */
  async #block(files: FileSystem, most: number): Promise<Uint8Array> {
    using file = await files.open(this.path, { read: true });
    await file.seek(this.#taken, Deno.SeekMode.Start);
    let bytes = new Uint8Array(Math.min(most, Math.max(1, this.#size - this.#taken)));
    let filled = 0;
    for (;;) {
      const count = await file.read(bytes.subarray(filled));
      if (count === null) break;
      filled += count;
      if (filled < bytes.length) continue;
      if (bytes.lastIndexOf(10) >= 0 || this.#taken + filled >= this.#size) break;
      const larger = new Uint8Array(bytes.length * 2);
      larger.set(bytes);
      bytes = larger;
    }
    return bytes.subarray(0, bytes.lastIndexOf(10, filled - 1) + 1);
  }
}

/** The cells of whole lines; only text with quotes needs a parser. */
function rowsOf(papa: CsvParser, text: string): string[][] {
  if (/["\r]/.test(text)) {
    return papa.parse(text, { skipEmptyLines: true, delimiter: "," }).data;
  }
  const rows: string[][] = [];
  for (const line of text.split("\n")) if (line !== "") rows.push(line.split(","));
  return rows;
}
