/** What may happen to the files of a session that is followed. */

import assert from "node:assert/strict";
import { LiveSession } from "../../../kit/analysis/live/live_session.ts";
import { TimeSeries } from "../../../kit/analysis/live/time_series.ts";
import { exposition } from "../../../kit/analysis/metrics/families.ts";
import { TableTail } from "../../../kit/bundle/files/table_tail.ts";
import { writeRawSession } from "../../bundle/raw.ts";
import { fc } from "../../deps.ts";
import { inFolder } from "../../folders.ts";
import { samplesOf } from "./samples.ts";

const KV = "timestamp_sec,usage_pct,num_blocks,total_blocks\n";

async function rowsOf(tail: TableTail): Promise<string[]> {
  const found: string[] = [];
  await tail.look(Deno);
  while (tail.behind) {
    found.push(...(await tail.read(Deno, 64)).map((row) => row.get("timestamp_sec")));
  }
  return found;
}

Deno.test("a table's rows are taken once each, whatever the cuts and the size of blocks", async () => {
  await inFolder(async (dir) => {
    const text = KV +
      Array.from({ length: 40 }, (_, n) => `${n}.5,"é ""x""",${"9".repeat(n)},1\n`).join("");
    const bytes = new TextEncoder().encode(text);
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 20 }), async (cuts) => {
        const path = `${dir}/${run++}.csv`;
        const tail = new TableTail(path);
        const found = await rowsOf(tail);
        for (const cut of [...cuts.sort((a, b) => a - b), bytes.length]) {
          await Deno.writeFile(path, bytes.subarray(0, cut));
          found.push(...await rowsOf(tail));
        }
        assert.deepEqual(found, Array.from({ length: 40 }, (_, n) => `${n}.5`));
        assert.equal(tail.restarts, 0);
      }),
      { interruptAfterTimeLimit: 10_000 },
    );
  });
});

Deno.test("a file that is cut short, replaced, removed or comes later is followed all the same", async () => {
  await inFolder(async (dir) => {
    const path = `${dir}/kv.csv`;
    const tail = new TableTail(path);
    assert.deepEqual(await rowsOf(tail), []);
    await Deno.writeTextFile(path, `${KV}1,2,3,4\n2,2,3,4\n`);
    assert.deepEqual(await rowsOf(tail), ["1", "2"]);
    // A disk without room: half a row is taken back by its writer.
    await Deno.writeTextFile(path, "3,2,", { append: true });
    assert.deepEqual(await rowsOf(tail), []);
    await Deno.truncate(path, KV.length + 16);
    await Deno.writeTextFile(path, "4,2,3,4\n", { append: true });
    assert.deepEqual(await rowsOf(tail), ["4"]);
    await Deno.writeTextFile(path, `${KV}5,2,3,4\n`);
    assert.deepEqual([await rowsOf(tail), tail.restarts], [["5"], 1]);
    await Deno.remove(path);
    assert.deepEqual(await rowsOf(tail), []);
    await Deno.writeTextFile(
      `${path}.new`,
      `other,timestamp_sec\nx,6\nx,7\nx,8\nx,9\nx,10\nx,11\n`,
    );
    await Deno.rename(`${path}.new`, path);
    assert.deepEqual(await rowsOf(tail), ["6", "7", "8", "9", "10", "11"]);
  });
});

Deno.test("counters stay when a table is begun anew, an engine is started anew, and the session is removed", async () => {
  await inFolder(async (parent) => {
    const dir = `${parent}/run`;
    const batches = (from: number, count: number) =>
      "timestamp_sec,step,num_seqs,max_num_seqs,scheduled_tokens,max_tokens,phase,context_tokens,generation_tokens\n" +
      Array.from({ length: count }, (_, n) => `${from + n},${n + 1},1,8,4,64,decode,0,4\n`).join(
        "",
      );
    const alive = { pid: Deno.pid, host: Deno.hostname() };
    await writeRawSession(dir, {
      "engine_core-1": { record: alive, tables: { batch_utilization: batches(1, 5) } },
    });
    const live = new LiveSession(Deno, dir);
    const count = async () => {
      await live.look(new Date());
      return samplesOf(exposition(live.snapshot()))
        .get('vscope_scheduled_batches_total{phase="decode"}');
    };
    assert.equal(await count(), 5);
    const table = `${dir}/processes/engine_core-1/batch_utilization.csv`;
    await Deno.remove(table);
    assert.equal(await count(), 5);
    await Deno.writeTextFile(table, batches(10, 2));
    assert.equal(await count(), 7);
    await writeRawSession(dir, {
      "engine_core-2": { record: alive, tables: { batch_utilization: batches(20, 3) } },
    });
    assert.equal(await count(), 10);
    await Deno.writeTextFile(`${dir}/processes/engine_core-2/process.json`, "{ half");
    await Deno.writeTextFile(table, "13,3,1,8,4,64,decode,0,4\n", { append: true });
    assert.equal(await count(), 11);
    assert.equal(live.ended, false);
    await Deno.remove(dir, { recursive: true });
    assert.equal(await count(), 11);
    assert.deepEqual([live.ended, live.status], [true, "removed"]);
  });
});

Deno.test("a session that nobody closed has ended once its processes have", async () => {
  await inFolder(async (dir) => {
    await writeRawSession(dir, {
      "engine_core-1": { tables: { kv_cache_usage: `${KV}1,2,3,4\n` } },
    });
    const live = new LiveSession(Deno, dir);
    await live.look(new Date());
    assert.deepEqual([live.ended, live.status], [true, "complete"]);
  });
});

Deno.test("a series keeps its sum, count and maximum in bounded memory, however long it is", () => {
  fc.assert(fc.property(
    fc.array(fc.tuple(fc.nat(100_000), fc.integer({ min: -9, max: 999 })), { minLength: 1 }),
    (values) => {
      const series = new TimeSeries();
      const rows = values.sort(([a], [b]) => a - b);
      for (const [at, value] of rows) series.add(at, value);
      const sum = rows.reduce((total, [, value]) => total + value, 0);
      assert.deepEqual(series.total, {
        sum,
        count: rows.length,
        max: Math.max(...rows.map(([, value]) => value)),
      });
      const [from, to] = [rows[0]![0], rows.at(-1)![0] + 1];
      const points = series.whole(from, to, 60, "max");
      assert.ok(points.length <= 60);
      assert.equal(Math.max(...points.map((point) => point ?? -Infinity)), series.total.max);
      const last = rows.filter(([at]) => at >= to - 100);
      assert.equal(series.over(to, 100).sum, last.reduce((total, [, value]) => total + value, 0));
    },
  ));
});
