/**
 * The pages of a database file.
 *
 * @module
 */

import { DamagedDatabase } from "./errors.ts";

const BLOCK_BYTES = 1 << 19;

/** So many blocks stay in memory: 8 MB, those that were used last. Tables that grew side by side share blocks. */
const MOST_BLOCKS = 16;

/** How the bytes of a file are divided. */
export interface PageLayout {
  /** Bytes of a page. */
  readonly size: number;
  /** Bytes of a page that hold content; some files keep a few at its end for themselves. */
  readonly usable: number;
  readonly count: number;
  /** Whole pages of the file beyond those that its head tells of. */
  readonly further: number;
}

/** Reads pages of a file; it is never written to, and nothing is made beside it. */
export class Pages {
  #blocks = new Map<number, Uint8Array>();
  /** Where the file is; −1 before it was read. */
  #position = -1;
  #lastPlace = -1;
  #last: Uint8Array = new Uint8Array();

  constructor(private readonly file: Deno.FsFile, readonly layout: PageLayout) {}

  /**
   * Copies a page into `target`.
   *
   * @param number From 1 on, as the file counts them.
   * @returns A promise only when the page has to be read first.
   * @throws DamagedDatabase when there is no such page.
   */
  copy(number: number, target: Uint8Array): void | Promise<void> {
    const { size, count, further } = this.layout;
    if (!(number >= 1 && number <= count)) {
      if (number > count && number <= count + further) {
        throw new DamagedDatabase(
          `its writer did not end: it uses page ${number}, and its head knows of ${count}`,
        );
      }
      throw new DamagedDatabase(`it refers to page ${number} of ${count}`);
    }
    const from = (number - 1) * size;
    const place = Math.floor(from / BLOCK_BYTES);
    if (place !== this.#lastPlace) {
      const block = this.#blocks.get(place);
      if (!block) return this.#load(place, from, target);
      this.#use(place, block);
    }
    this.#take(this.#last, from - place * BLOCK_BYTES, target);
  }

  async #load(place: number, from: number, target: Uint8Array): Promise<void> {
    const block = this.#blocks.size < MOST_BLOCKS ? new Uint8Array(BLOCK_BYTES) : this.#oldest();
    if (this.#position !== place * BLOCK_BYTES) {
      await this.file.seek(place * BLOCK_BYTES, Deno.SeekMode.Start);
    }
    let length = 0;
    while (length < BLOCK_BYTES) {
      const count = await this.file.read(block.subarray(length));
      if (count === null) break;
      length += count;
    }
    this.#position = place * BLOCK_BYTES + length;
    if (
      length < BLOCK_BYTES && place * BLOCK_BYTES + length < this.layout.size * this.layout.count
    ) {
      throw new DamagedDatabase("it became shorter while it was read");
    }
    this.#use(place, block);
    this.#take(block, from - place * BLOCK_BYTES, target);
  }

  /** Gives up the block that was used longest ago. */
  #oldest(): Uint8Array {
    const [[place, block]] = this.#blocks as unknown as [[number, Uint8Array]];
    this.#blocks.delete(place);
    this.#lastPlace = -1;
    return block;
  }

  /** Keeps a block at hand; the one that was used longest ago comes first in the map. */
  #use(place: number, block: Uint8Array): void {
    this.#blocks.delete(place);
    this.#blocks.set(place, block);
    this.#lastPlace = place;
    this.#last = block;
  }

  #take(block: Uint8Array, at: number, target: Uint8Array): void {
    target.set(block.subarray(at, at + this.layout.size));
  }
}
