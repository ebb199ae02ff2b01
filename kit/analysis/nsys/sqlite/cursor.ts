/**
 * The rows of a table, one after the other.
 *
 * A table is a tree of pages: leaves hold rows in the order of their numbers, the pages above them
 * lead there. What SQLite promises of both is checked on the way, so that damage is found and no walk
 * is endless.
 *
 * @module
 */

import { DamagedDatabase } from "./errors.ts";
import type { Pages } from "./pages.ts";
import { type RowReader, varint } from "./record.ts";

const INTERIOR = 0x05;
const LEAF = 0x0d;

/** Trees are far lower than this. */
const MOST_LEVELS = 24;

/** A page of a tree. */
class TreePage {
  readonly bytes: Uint8Array;
  cells = 0;
  /** The next cell to be looked at. */
  next = 0;
  #head = 0;

  constructor(private readonly pages: Pages) {
    this.bytes = new Uint8Array(pages.layout.size);
  }

  load(number: number): void | Promise<void> {
    const loading = this.pages.copy(number, this.bytes);
    if (loading) return loading.then(() => this.#open(number));
    this.#open(number);
  }

  get isLeaf(): boolean {
    return this.bytes[this.#head] === LEAF;
  }

  #open(number: number): void {
    // The first page begins with the head of the file.
    this.#head = number === 1 ? 100 : 0;
    const kind = this.bytes[this.#head];
    if (kind !== LEAF && kind !== INTERIOR) {
      throw new DamagedDatabase(`page ${number} should be one of a table and is not`);
    }
    this.cells = this.#short(this.#head + 3);
    this.next = 0;
    const cells = this.#head + (kind === LEAF ? 8 : 12);
    if (cells + 2 * this.cells > this.pages.layout.usable) {
      throw new DamagedDatabase(`page ${number} tells of more rows than it can hold`);
    }
  }

  /** Where a cell begins. */
  cell(index: number): number {
    const at = this.#short(this.#head + (this.isLeaf ? 8 : 12) + 2 * index);
    if (at < this.#head + 8 || at + 4 > this.pages.layout.usable) {
      throw new DamagedDatabase("a row lies outside its page");
    }
    return at;
  }

  /** The page that a cell leads to; that of the last one is kept in the page's head. */
  child(index: number): number {
    const at = index === this.cells ? this.#head + 8 : this.cell(index);
    return this.bytes[at]! * 0x100_0000 +
      (this.bytes[at + 1]! << 16 | this.bytes[at + 2]! << 8 | this.bytes[at + 3]!);
  }

  /** The largest number of a row below a cell. */
  key(index: number): number {
    return varint(this.bytes, this.cell(index) + 4, this.pages.layout.usable)[0];
  }

  #short(at: number): number {
    return this.bytes[at]! << 8 | this.bytes[at + 1]!;
  }
}

/** Goes through a table. `step` stays within a leaf, `turn` goes on to the next one. */
export class Cursor {
  #levels: TreePage[] = [];
  #depth = -1;
  #rowid = -Infinity;
  #long = new Uint8Array();
  #maxLocal: number;
  #minLocal: number;
  /** The row is longer than its page, and the rest of it is wanted. */
  #pending: { from: number; local: number; payload: number; need: number } | undefined;

  constructor(
    private readonly pages: Pages,
    private readonly root: number,
    readonly row: RowReader,
  ) {
    const { usable } = pages.layout;
    this.#maxLocal = usable - 35;
    this.#minLocal = Math.floor((usable - 12) * 32 / 255) - 23;
  }

  /** Takes the next row of this leaf into `row`; false when `turn` has to be asked. */
  step(): boolean {
    if (this.#depth < 0 || this.#pending) return false;
    const page = this.#levels[this.#depth]!;
    if (page.next >= page.cells) return false;
    return this.#take(page, page.cell(page.next++));
  }

  /** Goes on to the next leaf and takes its first row; false at the end of the table. */
  async turn(): Promise<boolean> {
    for (;;) {
      if (this.#pending) {
        await this.#follow(this.#pending);
        return true;
      }
      if (this.#depth < 0) {
        if (this.#levels.length > 0) return false;
        await this.#descend(this.root);
      } else {
        const page = this.#levels[this.#depth]!;
        if (page.isLeaf) this.#depth--;
        else if (page.next <= page.cells) await this.#descend(page.child(page.next++));
        else this.#depth--;
        if (this.#depth < 0) return false;
      }
      if (this.#levels[this.#depth]!.isLeaf && this.step()) return true;
    }
  }

  /** Takes the row of a number; false where there is none. Not to be mixed with the others. */
  async seek(rowid: number): Promise<boolean> {
    const page = this.#levels[0] ??= new TreePage(this.pages);
    let number = this.root;
    for (let level = 0; level < MOST_LEVELS; level++) {
      await page.load(number);
      let low = 0;
      let high = page.cells;
      const keyOf = (index: number) =>
        page.isLeaf ? this.#head(page, page.cell(index)).rowid : page.key(index);
      while (low < high) {
        const middle = (low + high) >> 1;
        if (keyOf(middle) < rowid) low = middle + 1;
        else high = middle;
      }
      if (!page.isLeaf) {
        number = page.child(low);
        continue;
      }
      if (low >= page.cells || keyOf(low) !== rowid) return false;
      this.#rowid = -Infinity;
      if (!this.#take(page, page.cell(low))) await this.#follow(this.#pending!);
      return true;
    }
    throw new DamagedDatabase("a table is a loop");
  }

  async #descend(number: number): Promise<void> {
    if (++this.#depth >= MOST_LEVELS) throw new DamagedDatabase("a table is a loop");
    await (this.#levels[this.#depth] ??= new TreePage(this.pages)).load(number);
  }

  #head(page: TreePage, at: number): { payload: number; rowid: number; from: number } {
    const { usable } = this.pages.layout;
    const [payload, after] = varint(page.bytes, at, usable);
    const [rowid, from] = varint(page.bytes, after, usable);
    return { payload, rowid, from };
  }

  #take(page: TreePage, at: number): boolean {
    const { bytes } = page;
    const { usable } = this.pages.layout;
    let payload = bytes[at]!;
    let next = at + 1;
    if (payload >= 0x80) [payload, next] = varint(bytes, at, usable);
    // Written out for the usual lengths: this is done for every row.
    let rowid = bytes[next]!;
    let from = next + 1;
    if (rowid >= 0x80) {
      rowid = (rowid & 0x7f) << 7 | bytes[from]! & 0x7f;
      if (bytes[from++]! >= 0x80) {
        rowid = rowid << 7 | bytes[from]! & 0x7f;
        if (bytes[from++]! >= 0x80) [rowid, from] = varint(bytes, next, usable);
      }
    }
    if (!(rowid > this.#rowid)) throw new DamagedDatabase("the rows of a table are in no order");
    this.#rowid = rowid;
    if (payload <= this.#maxLocal) {
      if (from + payload > usable) throw new DamagedDatabase("a row is longer than its page");
      this.row.take(bytes, from, from + payload, rowid);
      return true;
    }
    const local = this.#localPart(payload);
    if (from + local + 4 > usable) throw new DamagedDatabase("a row is longer than its page");
    const need = this.row.bytesNeeded(bytes, from, from + local, payload);
    if (need <= local) {
      this.row.take(bytes, from, from + local, rowid);
      return true;
    }
    this.#pending = { from, local, payload, need };
    return false;
  }

  /** How much of a long row stands in its page. */
  #localPart(payload: number): number {
    const { usable } = this.pages.layout;
    const local = this.#minLocal + (payload - this.#minLocal) % (usable - 4);
    return local <= this.#maxLocal ? local : this.#minLocal;
  }

  /** Puts a long row together. */
  async #follow(
    { from, local, payload, need }: { from: number; local: number; payload: number; need: number },
  ): Promise<void> {
    const { layout } = this.pages;
    this.#pending = undefined;
    if (!(payload <= layout.size * layout.count)) {
      throw new DamagedDatabase("a row is longer than the file");
    }
    if (this.#long.length < need) this.#long = new Uint8Array(need);
    const { bytes } = this.#levels[Math.max(0, this.#depth)]!;
    this.#long.set(bytes.subarray(from, from + local));
    const page = new Uint8Array(layout.size);
    let number = pageNumber(bytes, from + local);
    for (let length = local; length < need;) {
      await this.pages.copy(number, page);
      const part = page.subarray(4, Math.min(layout.usable, 4 + need - length));
      this.#long.set(part, length);
      length += part.length;
      number = pageNumber(page, 0);
    }
    this.row.take(this.#long, 0, need, this.#rowid);
  }
}

function pageNumber(bytes: Uint8Array, at: number): number {
  return bytes[at]! * 0x100_0000 +
    (bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!);
}
