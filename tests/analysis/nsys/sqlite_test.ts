/** Our reader of database pages against SQLite's own. */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { fc } from "../../deps.ts";
import { inFolder } from "../../folders.ts";
import { readCreateTable } from "../../../kit/analysis/nsys/sqlite/create_table.ts";
import { Database } from "../../../kit/analysis/nsys/sqlite/database.ts";

type Value = number | string | null;

/** Reads columns of a table with our reader. */
async function read(path: string, table: string, columns: readonly string[]): Promise<Value[][]> {
  using database = await Database.open(Deno, path);
  const cursor = database.cursor(database.table(table)!, columns);
  const rows: Value[][] = [];
  while (cursor.step() || await cursor.turn()) {
    const { row } = cursor;
    rows.push(columns.map((_, slot) => {
      const text = row.text(slot);
      if (text !== undefined) return text;
      return Number.isNaN(row.values[slot]!) ? null : row.values[slot]!;
    }));
  }
  return rows;
}

const value = fc.oneof(
  { weight: 6, arbitrary: fc.maxSafeInteger() },
  { weight: 6, arbitrary: fc.integer({ min: -70_000, max: 70_000 }) },
  { weight: 2, arbitrary: fc.constantFrom(0, 1, -1, 127, 128, -128, -129, 2 ** 23, -(2 ** 31)) },
  { weight: 2, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) },
  { weight: 2, arbitrary: fc.constant(null) },
  {
    weight: 3,
    arbitrary: fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\0", "")),
  },
  // Longer than a page.
  {
    weight: 1,
    arbitrary: fc.integer({ min: 300, max: 20_000 }).map((length) => "é".repeat(length)),
  },
);

Deno.test("rows of any values, lengths and page sizes are read as SQLite reads them", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(value, value, value, value), { maxLength: 400 }),
      fc.constantFrom(512, 1024, 4096, 65_536),
      async (rows, pageSize) => {
        await inFolder(async (dir) => {
          const path = `${dir}/x.sqlite`;
          const database = new DatabaseSync(path);
          database.exec(`PRAGMA page_size = ${pageSize}; BEGIN`);
          database.exec("CREATE TABLE other (x)");
          database.exec("CREATE TABLE t (a, b, id INTEGER PRIMARY KEY, c, d)");
          const insert = database.prepare("INSERT INTO t (a, b, c, d) VALUES (?, ?, ?, ?)");
          for (const row of rows) insert.run(...row);
          database.exec("COMMIT");
          const wanted = database.prepare("SELECT d, a, id, c FROM t").all()
            .map((row) => Object.values(row) as Value[]);
          database.close();
          const found = await read(path, "T", ["d", "a", "id", "c"]);
          // Whether a zero keeps its sign depends on how SQLite stored the row.
          const unsigned = (rows: Value[][]) =>
            rows.map((row) => row.map((one) => one === 0 ? 0 : one));
          assert.deepEqual(unsigned(found), unsigned(wanted));
        });
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("a row is found by its number, and one that is not there is not", async () => {
  await inFolder(async (dir) => {
    const path = `${dir}/x.sqlite`;
    const database = new DatabaseSync(path);
    database.exec("PRAGMA page_size = 512; BEGIN; CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)");
    const insert = database.prepare("INSERT INTO t VALUES (?, ?)");
    for (let id = -900; id < 90_000; id += 30) {
      insert.run(id, `${id} `.repeat(1 + Math.abs(id) % 400));
    }
    database.exec("COMMIT");
    database.close();
    using ours = await Database.open(Deno, path);
    const cursor = ours.cursor(ours.table("t")!, ["v"]);
    for (let id = -930; id <= 90_030; id += 15) {
      const there = id >= -900 && id < 90_000 && id % 30 === 0;
      assert.equal(await cursor.seek(id), there, `${id}`);
      if (there) assert.equal(cursor.row.text(0), `${id} `.repeat(1 + Math.abs(id) % 400));
    }
  });
});

Deno.test("columns that were added later are empty in older rows, lacking ones in all", async () => {
  await inFolder(async (dir) => {
    const path = `${dir}/x.sqlite`;
    const database = new DatabaseSync(path);
    database.exec("CREATE TABLE t (a); INSERT INTO t VALUES (1); ALTER TABLE t ADD COLUMN b");
    database.exec("INSERT INTO t VALUES (2, 3)");
    database.close();
    assert.deepEqual(await read(path, "t", ["b", "a", "none"]), [[null, 1, null], [3, 2, null]]);
  });
});

Deno.test("columns are told from the statement that made a table", () => {
  const made = readCreateTable(
    'CREATE TABLE "x" (\n -- a, (comment\n "end" INTEGER /* , */, [my col] DECIMAL(10, 2),\n' +
      " Id INTEGER NOT NULL PRIMARY KEY, -- the key\n value TEXT DEFAULT 'a', UNIQUE (value))",
  );
  assert.deepEqual(made, {
    names: ["end", "my col", "id", "value"],
    rowid: 2,
    withoutRowid: false,
  });
  assert.equal(readCreateTable("CREATE TABLE t (a INT PRIMARY KEY)")!.rowid, -1);
  assert.equal(readCreateTable("CREATE TABLE t (a INTEGER, PRIMARY KEY (a))")!.rowid, 0);
  assert.equal(readCreateTable("CREATE TABLE t (a PRIMARY KEY) WITHOUT ROWID")!.withoutRowid, true);
  assert.equal(readCreateTable("CREATE VIEW v AS SELECT 1"), undefined);
});
