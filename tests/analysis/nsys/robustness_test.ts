/** Files that are cut, damaged, foreign or unfinished: one sentence, never a crash or a wrong figure. */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { gzipSync } from "node:zlib";
import { analyzeCapture } from "../../../kit/analysis/capture/analyze.ts";
import { RunError, UsageError } from "../../../kit/contract/errors.ts";
import { fc, rounds } from "../../deps.ts";
import { inFolder } from "../../folders.ts";
import { outcome, recorded } from "./analyzed.ts";
import { writeExport } from "./made.ts";

const SENTENCE = /^Cannot analyze "[^"\n]+": [^\n]+$/;

const small = await recorded("small");

Deno.test("an export that is cut at any place is refused", async () => {
  for (let length = 1; length < small.length; length += 397) {
    const { refused } = await outcome(small.slice(0, length));
    assert.match(refused ?? `read with ${length} bytes`, SENTENCE);
    if (length >= 100) assert.match(refused!, /ends too early: it should have 1\d+ bytes and has/);
  }
});

Deno.test("an export with a page of zeros, of another table or of noise is refused or read", async () => {
  const pageSize = 4096;
  let refusals = 0;
  for (let page = 1; page < small.length / pageSize; page++) {
    for (const fill of ["zeros", "copy", "noise"] as const) {
      const wrong = small.slice();
      const to = wrong.subarray(page * pageSize, (page + 1) * pageSize);
      if (fill === "zeros") to.fill(0);
      else if (fill === "copy") to.set(small.subarray(pageSize, 2 * pageSize));
      else crypto.getRandomValues(to);
      const { refused } = await outcome(wrong);
      if (refused === undefined) continue;
      refusals++;
      assert.match(refused, SENTENCE);
    }
  }
  assert.ok(refusals > 20, `${refusals} refusals`);
});

Deno.test("whatever bytes are changed, an export is read or refused in one sentence", async () => {
  const change = fc.record({
    at: fc.nat(small.length - 1),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 6 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async (changes) => {
      const wrong = small.slice();
      for (const { at, bytes } of changes) wrong.set(bytes.subarray(0, small.length - at), at);
      const { analysis, refused } = await outcome(wrong);
      if (refused !== undefined) assert.match(refused, SENTENCE);
      else assert.ok(analysis!.kind === "nsys");
    }),
    { numRuns: rounds(400) },
  );
});

Deno.test("whatever follows the head of a database, it is read or refused in one sentence", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 9000 }), fc.boolean(), async (bytes, pages) => {
      const head = small.slice(0, 100);
      if (pages) new DataView(head.buffer).setUint32(28, Math.ceil((100 + bytes.length) / 4096));
      const all = new Uint8Array(
        pages ? 4096 * Math.ceil((100 + bytes.length) / 4096) : 100 + bytes.length,
      );
      all.set(head);
      all.set(bytes, 100);
      const { refused } = await outcome(all);
      assert.match(refused ?? "read", SENTENCE);
    }),
    { numRuns: rounds(150) },
  );
});

Deno.test("a table that leads back to itself is refused", async () => {
  await inFolder(async (dir) => {
    const path = `${dir}/x.sqlite`;
    const rows = Array.from({ length: 400 }, (_, at) => ({
      kind: "kernel" as const,
      name: "k",
      start: at,
      duration: 1,
    }));
    writeExport(path, rows, { pageSize: 512 });
    const database = new DatabaseSync(path);
    const { rootpage } = database.prepare(
      "SELECT rootpage FROM sqlite_master WHERE name = 'CUPTI_ACTIVITY_KIND_KERNEL'",
    ).get() as { rootpage: number };
    database.close();
    const bytes = await Deno.readFile(path);
    const root = (rootpage - 1) * 512;
    assert.equal(bytes[root], 5);
    // The first cell of the root leads to the root.
    const cell = root + (bytes[root + 12]! << 8 | bytes[root + 13]!);
    new DataView(bytes.buffer).setUint32(cell, rootpage);
    const { refused } = await outcome(bytes);
    assert.match(refused!, /a table is a loop; export it again/);
  });
});

Deno.test("what is no export of nsys is refused with what it is", async () => {
  await inFolder(async (dir) => {
    const foreign = new DatabaseSync(`${dir}/foreign.sqlite`);
    foreign.exec("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)");
    foreign.close();
    const lacking = new DatabaseSync(`${dir}/lacking.sqlite`);
    lacking.exec("CREATE TABLE StringIds (id INTEGER PRIMARY KEY, value TEXT)");
    lacking.exec("CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL (begin INTEGER, finish INTEGER)");
    lacking.close();
    writeExport(`${dir}/empty.sqlite`, [], {}, { PROCESSES: [] });
    new DatabaseSync(`${dir}/nothing.sqlite`).exec("CREATE TABLE t (a); DROP TABLE t");
    await Deno.writeFile(`${dir}/packed.sqlite`, gzipSync(small));
    await Deno.writeFile(`${dir}/rep.nsys-rep`, new Uint8Array([1, 2, 3, 4]));
    const cases: [string, RegExp][] = [
      ["foreign.sqlite", /it is a SQLite database, but none that nsys exported; export/],
      ["nothing.sqlite", /it is a SQLite database, but none that nsys exported; export/],
      ["lacking.sqlite", /its table CUPTI_ACTIVITY_KIND_KERNEL has no column start; export/],
      ["empty.sqlite", /holds no kernel, no call of CUDA and no NVTX range; record with --trace/],
      ["packed.sqlite", /a packed export cannot be read in place; unpack it with gunzip$/],
      ["rep.nsys-rep", /nsys export --type sqlite --output [^ ]*rep\.sqlite [^ ]*rep\.nsys-rep$/],
    ];
    for (const [name, message] of cases) {
      await assert.rejects(analyzeCapture(Deno, [`${dir}/${name}`]), (error) => {
        assert.ok(error instanceof UsageError);
        assert.match(error.message, SENTENCE);
        assert.match(error.message, message);
        return true;
      });
    }
  });
});

Deno.test("an export whose writer has not ended is refused, one whose log is empty is read", async () => {
  await inFolder(async (dir) => {
    const path = `${dir}/x.sqlite`;
    await Deno.writeFile(path, small);
    await Deno.writeTextFile(`${path}-wal`, "");
    assert.equal((await analyzeCapture(Deno, [path])).gpu!.kernel_count, 14);
    for (const ending of ["-journal", "-wal"]) {
      await Deno.writeTextFile(path + ending, "something");
      await assert.rejects(analyzeCapture(Deno, [path]), (error) => {
        assert.match((error as Error).message, SENTENCE);
        assert.match(
          (error as Error).message,
          /its writer has not ended, or was killed: ".*" is there/,
        );
        return true;
      });
      await Deno.remove(path + ending);
    }
  });
});

Deno.test("an export that is still being written without a journal is refused or marked", async () => {
  await inFolder(async (dir) => {
    const path = `${dir}/x.sqlite`;
    await Deno.writeFile(path, small);
    const writer = new DatabaseSync(path);
    writer.exec("PRAGMA journal_mode = OFF; PRAGMA cache_size = 4; BEGIN");
    const insert = writer.prepare(
      "INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL SELECT * FROM CUPTI_ACTIVITY_KIND_KERNEL LIMIT 14",
    );
    for (let again = 0; again < 400; again++) insert.run();
    assert.ok((await Deno.stat(path)).size > small.length);
    const { refused, analysis } = await outcome(await Deno.readFile(path));
    const said = refused ?? analysis!.partial!.map(({ reason }) => reason).join();
    assert.match(said, /its writer (did not end|may not have ended)/);
    writer.exec("COMMIT");
    writer.close();
    assert.equal((await analyzeCapture(Deno, [path])).gpu!.kernel_count, 14 * 401);
  });
  const longer = new Uint8Array(small.length + 4096);
  longer.set(small);
  const { analysis } = await outcome(longer);
  assert.match(analysis!.partial![0]!.reason, /longer than its head tells/);
  assert.equal(analysis!.gpu!.kernel_count, 14);
});

Deno.test("an export is not touched, and nothing is made beside it", async () => {
  await inFolder(async (dir) => {
    const path = `${dir}/x.sqlite`;
    await Deno.writeFile(path, small);
    await Deno.chmod(path, 0o400);
    const before = await Deno.stat(path);
    let names: string[] = [];
    const look = async () => {
      for await (const { name } of Deno.readDir(dir)) names.push(name);
    };
    const reading = analyzeCapture(Deno, [path], { progress: () => look() });
    await look();
    await reading;
    await look();
    names = [...new Set(names)];
    assert.deepEqual(names, ["x.sqlite"]);
    const after = await Deno.stat(path);
    assert.deepEqual([after.mtime, after.size], [before.mtime, before.size]);
    assert.deepEqual(await Deno.readFile(path), small);
  });
});

Deno.test("reading stops when it is told to", async () => {
  await inFolder(async (dir) => {
    const path = `${dir}/x.sqlite`;
    const rows = Array.from({ length: 30_000 }, (_, at) => ({
      kind: "kernel" as const,
      name: "k",
      start: at,
      duration: 1,
    }));
    writeExport(path, rows, { pageSize: 512 });
    const stop = new AbortController();
    let said = "";
    const reading = analyzeCapture(Deno, [path], {
      signal: stop.signal,
      progress(text) {
        said = text;
        stop.abort();
      },
    });
    await assert.rejects(reading, RunError);
    assert.match(said, /x\.sqlite: [\d,]+ rows$/);
  });
});
