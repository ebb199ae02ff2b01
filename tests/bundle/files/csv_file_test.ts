import assert from "node:assert/strict";
import { columnReader, CsvWriter, readCsv } from "../../../kit/bundle/files/csv_file.ts";
import { safeCell } from "../../../kit/bundle/files/safe_cell.ts";
import { fc } from "../../deps.ts";
import { inFolder } from "../../folders.ts";

async function rowsOf(path: string): Promise<{ header: string[]; rows: string[][]; cut: number }> {
  const stream = (await readCsv(Deno, path))!;
  const rows: string[][] = [];
  for await (const batch of stream.batches) rows.push(...batch);
  return { header: stream.header, rows, cut: stream.cut.lines };
}

Deno.test("readCsv() reads what CsvWriter wrote, however long and whatever the cells, formulas made text", async () => {
  const cell = fc.string({ unit: "grapheme" }).map((text) => text.replace(/[\r\n]/g, " ")).filter((
    text,
  ) => text.trim() !== "");
  await inFolder(async (dir) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(cell, cell)), async (rows) => {
        const path = `${dir}/t.csv`;
        const writer = await CsvWriter.create(Deno, path, ["a", "b"]);
        for (const row of rows) await writer.add(row);
        await writer.close();
        const cells = rows.map((row) => row.map(safeCell));
        assert.deepEqual(await rowsOf(path), { header: ["a", "b"], rows: cells, cut: 0 });
      }),
      { numRuns: 50 },
    );
  });
});

Deno.test("readCsv() leaves out a last line without its end and counts it, at any byte", async () => {
  const whole = 'time,name\n1,"a,b"\n2,c\n3,d\n';
  await inFolder(async (dir) => {
    for (let length = 0; length <= whole.length; length++) {
      await Deno.writeTextFile(`${dir}/t.csv`, whole.slice(0, length));
      const stream = await readCsv(Deno, `${dir}/t.csv`);
      const lines = whole.slice(0, length).split("\n").length - 1;
      if (lines === 0) {
        assert.equal(stream, undefined);
        continue;
      }
      const { rows, cut } = await rowsOf(`${dir}/t.csv`);
      assert.equal(rows.length, lines - 1);
      assert.equal(cut, whole[length - 1] === "\n" ? 0 : 1);
    }
  });
});

Deno.test("readCsv() reads a table of two hundred thousand rows in blocks", async () => {
  await inFolder(async (dir) => {
    const path = `${dir}/t.csv`;
    const writer = await CsvWriter.create(Deno, path, ["n", "x"]);
    for (let n = 0; n < 200_000; n++) await writer.add([n, n / 7]);
    await writer.close();
    const stream = (await readCsv(Deno, path))!;
    let [rows, batches, last] = [0, 0, ""];
    for await (const batch of stream.batches) {
      batches++;
      for (const row of batch) {
        assert.equal(row[0], String(rows++));
        last = row[1]!;
      }
    }
    assert.deepEqual([rows, batches > 5, last], [200_000, true, String(199_999 / 7)]);
  });
});

Deno.test("readCsv() gives nothing for a file that is not there", async () => {
  assert.equal(await readCsv(Deno, "/nonexistent/t.csv"), undefined);
});

Deno.test("a column that the file lacks reads as nothing", () => {
  const read = columnReader(["a"]);
  assert.deepEqual([read(["1"], "a"), read(["1"], "b"), read([], "a")], ["1", "", ""]);
});
