/** `vscope export parquet`: every cell against the CSVs. */

import assert from "node:assert/strict";
import { vscopeHere } from "../../cli.ts";
import { fc, loadParquetReader } from "../../deps.ts";
import { inFolder, namesIn } from "../../folders.ts";
import { SESSION_COLUMNS } from "../../../kit/bundle/session/session_columns.ts";
import { columnsOf, SESSION_TABLES } from "../../../kit/bundle/session/session_tables.ts";
import { Guess, valueOf } from "../../../kit/tools/export/parquet/cells.ts";
import { systemContext } from "../../../kit/engine/system/context.ts";
import { openSession } from "../../../kit/tools/export/session_source.ts";
import { writeTable } from "../../../kit/tools/export/parquet/table.ts";
import { example, rowsOf } from "./sessions.ts";

async function read(path: string) {
  const { buffer } = await Deno.readFile(path);
  const { parquetMetadata, parquetReadObjects } = await loadParquetReader();
  const { schema, key_value_metadata, num_rows, row_groups } = parquetMetadata(buffer);
  return {
    rows: await parquetReadObjects({ file: buffer }),
    types: Object.fromEntries(schema.slice(1).map(({ name, type }) => [name, type])),
    groups: row_groups.length,
    count: Number(num_rows),
    beside: Object.fromEntries((key_value_metadata ?? []).map(({ key, value }) => [key, value])),
  };
}

/** What a cell of a CSV should be in Parquet, said without vscope's own reader of cells. */
function expected(type: string | undefined, text: string): unknown {
  if (text === "" || text === "None") return null;
  if (type === "INT64") return BigInt(text);
  if (type === "DOUBLE") return parseFloat(text);
  if (type === "BOOLEAN") return text === "True";
  return text;
}

Deno.test("export parquet holds every cell of every table of real sessions, typed, with units", async () => {
  for (const name of ["session", "moe"] as const) {
    await inFolder(async (dir) => {
      const made = await vscopeHere(["export", "parquet", example(name), "--json", "--quiet"], {
        cwd: dir,
      });
      assert.deepEqual([made.code, made.stderr], [0, ""]);
      const { tables, rows } = JSON.parse(made.stdout);
      const { tables: known } = await openSession(Deno, example(name));
      assert.deepEqual(
        tables.map(({ table }: { table: string }) => table),
        known.map((t) => t.name),
      );
      assert.deepEqual(
        await namesIn(`${dir}/${name}.parquet`),
        known.map((table) => `${table.name}.parquet`).sort(),
      );
      let total = 0;
      for (const table of known) {
        const path = `${dir}/${name}.parquet/${table.name}.parquet`;
        const { rows: found, types, count, beside } = await read(path);
        const recorded = await rowsOf(`${example(name)}/${table.path}`);
        assert.deepEqual([count, found.length], [recorded.length, recorded.length], table.name);
        total += count;
        for (const [place, row] of recorded.entries()) {
          const wanted = Object.entries(row).map(([column, text]) => [
            column,
            expected(types[column], text),
          ]);
          assert.deepEqual(found[place], Object.fromEntries(wanted), `${table.name} ${place}`);
        }
        assert.equal(beside["vscope.schema"], table.known!.schema);
        const units = JSON.parse(beside["vscope.units"]!);
        for (const column of Object.keys(types)) {
          if (column.endsWith("_ms")) assert.equal(units[column], "ms");
          if (column.endsWith("_pct")) assert.equal(units[column], "%");
          if (column.endsWith("_sec") && !column.includes("_per_")) {
            assert.match(units[column], /^s( since the session began)?$/);
          }
        }
      }
      assert.equal(rows, total);
    });
  }
});

Deno.test("every column of every table has a type, and every type a column", () => {
  const columns = new Set<string>(Object.values(SESSION_TABLES).flatMap(columnsOf));
  assert.deepEqual([...columns].sort(), Object.keys(SESSION_COLUMNS).sort());
});

Deno.test("a table of many row groups keeps its rows and their order", async () => {
  await withTable(
    "kv_cache_usage",
    "timestamp_sec,usage_pct,num_blocks,total_blocks,pid\n" +
      Array.from({ length: 150_000 }, (_, row) => `${row / 8},${row % 100},${row},150000,7\n`).join(
        "",
      ),
    async ({ rows, groups }) => {
      assert.deepEqual([rows.length, groups], [150_000, 3]);
      rows.forEach((row, place) => assert.equal(row["num_blocks"], BigInt(place)));
      await Promise.resolve();
    },
  );
});

Deno.test("cells that are not of their column's type are null, counted and told", async () => {
  await withTable(
    "kv_cache_usage",
    'timestamp_sec,usage_pct,num_blocks,total_blocks,pid\n1.5,x,1.5,99999999999999999999,"7"\n2,,,,\n',
    ({ rows }, warnings) => {
      assert.deepEqual(rows[0], {
        timestamp_sec: 1.5,
        usage_pct: null,
        num_blocks: null,
        total_blocks: null,
        pid: 7n,
      });
      assert.deepEqual(Object.values(rows[1]!), [2, null, null, null, null]);
      assert.deepEqual(warnings, [
        "kv_cache_usage.csv: 1 cells of usage_pct are no number, and null",
        "kv_cache_usage.csv: 1 cells of num_blocks are no integer, and null",
        "kv_cache_usage.csv: 1 cells of total_blocks are no integer, and null",
      ]);
    },
  );
});

Deno.test("a table that vscope does not know gets the narrowest types that hold its cells", async () => {
  await withTable(
    "my_probe",
    'calls,share,on,name,empty\n1,1,True,"a, ""b""",\n-2,0.5,false,7,\n,1e-3,None,é,\n',
    ({ rows, types }, warnings) => {
      assert.deepEqual(types, {
        calls: "INT64",
        share: "DOUBLE",
        on: "BOOLEAN",
        name: "BYTE_ARRAY",
        empty: "BYTE_ARRAY",
      });
      assert.deepEqual(rows.map(({ name }) => name), ['a, "b"', "7", "é"]);
      assert.deepEqual(rows[2], { calls: null, share: 0.001, on: null, name: "é", empty: null });
      assert.deepEqual(warnings, []);
    },
  );
});

Deno.test("a guessed type reads every cell that it was guessed from", () => {
  const cell = fc.oneof(
    fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
    fc.double().map(String),
    fc.constantFrom("", "None", "True", "false", "nan", "-inf", "0x1", " 1", "1e5", "+3"),
    fc.string(),
  );
  fc.assert(fc.property(fc.array(cell), (cells) => {
    const guess = new Guess();
    for (const text of cells) guess.take(text);
    for (const text of cells) assert.notEqual(valueOf(guess.type(), text), undefined);
  }));
});

Deno.test("when the disk is full nothing half-written is left", async () => {
  await inFolder(async (dir) => {
    const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
    const files = {
      ...Deno,
      async open(path: string, options: Deno.OpenOptions) {
        const file = await Deno.open(path, options);
        if (options.write) file.write = () => Promise.reject(new Error("No space left on device"));
        return file;
      },
    } as typeof Deno;
    const source = await openSession(Deno, example("session"));
    const table = source.tables.find(({ name }) => name === "kv_cache_usage")!;
    await assert.rejects(
      writeTable({ ...context, files }, source, table, `${dir}/kv.parquet`),
      /No space left/,
    );
    await close();
    assert.deepEqual(await namesIn(dir), []);
  });
});

Deno.test("export parquet writes one table to a file, and refuses a folder of other things", async () => {
  await inFolder(async (dir) => {
    await Deno.mkdir(`${dir}/full`);
    await Deno.writeTextFile(`${dir}/full/notes.txt`, "mine");
    const args = ["export", "parquet", example("session")];
    const [one, full] = await Promise.all([
      vscopeHere([...args, "kv_cache_usage", "--out", `${dir}/kv.parquet`]),
      vscopeHere([...args, "--out", `${dir}/full`]),
    ]);
    assert.match(one.stdout, /kv\.parquet: 1334 rows, 0\.02 MB\n$/);
    assert.equal((await read(`${dir}/kv.parquet`)).count, 1334);
    assert.equal(full.code, 2);
    assert.match(
      full.stderr,
      /already holds "notes\.txt", which is no table of this session; give/,
    );
    assert.deepEqual(await namesIn(`${dir}/full`), ["notes.txt"]);
  });
});

/** Exports one table of a session that has only it. */
async function withTable(
  name: string,
  csv: string,
  use: (
    table: Awaited<ReturnType<typeof read>>,
    warnings: readonly string[],
  ) => void | Promise<void>,
) {
  await inFolder(async (dir) => {
    const path = `${name}.csv`;
    const manifest = { schema_version: 1, recipe: "monitor", status: "complete" };
    await Deno.writeTextFile(
      `${dir}/bundle.json`,
      JSON.stringify({ ...manifest, artifacts: [{ path }] }),
    );
    await Deno.writeTextFile(`${dir}/metadata.json`, "{}");
    await Deno.writeTextFile(`${dir}/${path}`, csv);
    const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
    const warnings: string[] = [];
    const output = { ...context.output, warn: (text: string) => void warnings.push(text) };
    const source = await openSession(Deno, dir);
    await writeTable({ ...context, output }, source, source.tables[0]!, `${dir}/out.parquet`);
    await close();
    await use(await read(`${dir}/out.parquet`), warnings);
  });
}
