/**
 * A SQLite database that is only read: its tables, their columns and rows.
 *
 * Deno's own `node:sqlite` makes an object of each row, which takes ten times as long as reading the
 * pages of a table does; and a file that is read as bytes is never locked, changed, or given a
 * neighbour.
 *
 * @module
 */

import type { FileSystem } from "../../../contract/context.ts";
import { type Columns, readCreateTable } from "./create_table.ts";
import { Cursor } from "./cursor.ts";
import { DamagedDatabase } from "./errors.ts";
import { type PageLayout, Pages } from "./pages.ts";
import { RowReader } from "./record.ts";

/** What every database file begins with. */
export const MAGIC = "SQLite format 3\0";

const HEAD_BYTES = 100;

/** A table. */
export interface Table {
  readonly name: string;
  readonly root: number;
  readonly columns: Columns;
}

/** An open database. */
export class Database implements Disposable {
  readonly #tables = new Map<string, Table>();

  private constructor(private readonly file: Deno.FsFile, readonly pages: Pages) {}

  /**
   * Opens a file. Needs read permission.
   *
   * @throws DamagedDatabase when it is no whole database: another kind of file, one that is cut, one
   * whose writer has not ended.
   */
  static async open(files: FileSystem, path: string): Promise<Database> {
    await refuseUnfinished(files, path);
    const { size } = await files.stat(path);
    const file = await files.open(path, { read: true });
    try {
      const head = new Uint8Array(HEAD_BYTES);
      let length = 0;
      while (length < HEAD_BYTES) {
        const count = await file.read(head.subarray(length));
        if (count === null) break;
        length += count;
      }
      const database = new Database(
        file,
        new Pages(file, readHead(head.subarray(0, length), size)),
      );
      await database.#readSchema();
      return database;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Whether the file is longer than its head tells: its writer may not have ended. */
  get isLonger(): boolean {
    return this.pages.layout.further > 0;
  }

  /** The table of a name; nothing where there is none. */
  table(name: string): Table | undefined {
    return this.#tables.get(name.toLowerCase());
  }

  /** Whether a table has a column. */
  has(table: string, column: string): boolean {
    return this.table(table)?.columns.names.includes(column.toLowerCase()) ?? false;
  }

  /**
   * The rows of a table. `row.values` and so on have the columns in the order of `names`; one that the
   * table lacks is NaN in every row.
   */
  cursor(table: Table, names: readonly string[]): Cursor {
    const { columns } = table;
    if (columns.withoutRowid) {
      throw new DamagedDatabase(`its table ${table.name} has rows without numbers`);
    }
    const places = names.map((name) => columns.names.indexOf(name.toLowerCase()));
    return new Cursor(this.pages, table.root, new RowReader(places, columns.rowid));
  }

  async #readSchema(): Promise<void> {
    const names = ["type", "name", "tbl_name", "rootpage", "sql"];
    const columns = { names, rowid: -1, withoutRowid: false };
    const schema = { name: "sqlite_schema", root: 1, columns };
    const cursor = this.cursor(schema, ["type", "name", "rootpage", "sql"]);
    while (cursor.step() || await cursor.turn()) {
      const { row } = cursor;
      const [name, sql, root] = [row.text(1), row.text(3), row.values[2]!];
      if (row.text(0) !== "table" || name === undefined || sql === undefined || !(root > 0)) {
        continue;
      }
      const made = readCreateTable(sql);
      if (made) this.#tables.set(name.toLowerCase(), { name, root, columns: made });
    }
  }

  [Symbol.dispose](): void {
    this.file.close();
  }
}

/** A writer that has not ended, or was killed, leaves its journal beside the file. */
async function refuseUnfinished(files: FileSystem, path: string): Promise<void> {
  for (const ending of ["-journal", "-wal"]) {
    const size = await files.stat(path + ending).then(({ size }) => size, () => 0);
    if (size > 0) {
      throw new DamagedDatabase(
        `its writer has not ended, or was killed: "${path}${ending}" is there`,
      );
    }
  }
}

function readHead(head: Uint8Array, bytes: number): PageLayout {
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  if (new TextDecoder("latin1").decode(head.subarray(0, MAGIC.length)) !== MAGIC) {
    throw new DamagedDatabase("it is no SQLite database");
  }
  if (head.length < HEAD_BYTES) throw new DamagedDatabase("it ends within its head");
  const told = view.getUint16(16);
  const size = told === 1 ? 65_536 : told;
  const usable = size - view.getUint8(20);
  if (size < 512 || (size & (size - 1)) !== 0 || usable < 480) {
    throw new DamagedDatabase(`its head tells pages of ${size} bytes`);
  }
  const encoding = view.getUint32(56);
  if (encoding > 1) throw new DamagedDatabase("its texts are UTF-16, which no nsys writes");
  // Very old writers leave the number of pages alone; the file's size then tells it.
  const known = view.getUint32(24) === view.getUint32(92) ? view.getUint32(28) : 0;
  const count = known || Math.floor(bytes / size);
  if (count * size > bytes) {
    throw new DamagedDatabase(
      `it ends too early: it should have ${count * size} bytes and has ${bytes}`,
    );
  }
  if (count === 0) throw new DamagedDatabase("it ends within its first page");
  return { size, usable, count, further: Math.floor(bytes / size) - count };
}
