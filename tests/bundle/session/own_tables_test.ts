import assert from "node:assert/strict";
import { analyzeSession } from "../../../kit/analysis/session.ts";
import { LiveSession } from "../../../kit/analysis/live/live_session.ts";
import { exposition } from "../../../kit/analysis/metrics/families.ts";
import { sessionMetrics } from "../../../kit/analysis/metrics/session_metrics.ts";
import { mergeSession } from "../../../kit/bundle/merge/merge.ts";
import { readManifest } from "../../../kit/bundle/manifest_file.ts";
import { validateBundle } from "../../../kit/bundle/validate.ts";
import { generateReport } from "../../../kit/report/generate.ts";
import { inFolder } from "../../folders.ts";
import { readTable, writeRawSession } from "../raw.ts";

const TABLES = {
  mine: {
    profiler: "mine",
    version: 3,
    row: "a <thing>",
    symbols: ["vllm.a:B.c"],
    columns: [
      { name: "n", type: "integer", unit: "things" },
      { name: "took_ms", type: "number", unit: "ms", doc: "how long & why" },
      { name: "word", type: "text" },
      { name: "strange", type: "list" },
    ],
  },
  "../evil": { columns: [{ name: "n", type: "integer" }] },
  kv_cache_usage: { columns: [{ name: "n", type: "integer" }] },
  silent: { columns: [{ name: "n", type: "integer" }], symbols: ["vllm.gone:X.y"] },
};

const hook = { name: "mine", symbol: "vllm.a:B.c", status: "attached" };
const HEADER = "timestamp_sec,n,took_ms,word,strange,step\n";

async function session(dir: string): Promise<void> {
  await writeRawSession(dir, {
    "engine_core-1": {
      record: { tables: TABLES, hooks: [hook], dropped: { mine: 4 } },
      tables: { mine: HEADER + '1.0,1,0.5,a,x,7\n3.0,3,,"b,c",x,\n', evil: "n\n1\n" },
    },
    "worker-2": {
      record: { tables: TABLES, hooks: [hook], rank: 1 },
      tables: { mine: HEADER + "2.0,-2,1.5,a,x,8\n" },
    },
  });
}

Deno.test("tables of one's own are merged by time, declared in the manifest, and read everywhere", async () => {
  await inFolder(async (parent) => {
    const dir = `${parent}/s`;
    await session(dir);
    const manifest = await mergeSession(Deno, dir);
    assert.deepEqual(
      (await readTable(`${dir}/profilers/mine.csv`)).map(({ n, rank, step }) => [n, rank, step]),
      [["1", "", "7"], ["-2", "1", "8"], ["3", "", "x"]],
    );
    assert.deepEqual(manifest.tables!.map(({ name }) => name), ["mine", "silent"]);
    const mine = manifest.tables![0]!;
    assert.deepEqual([mine.schema, mine.row], ["mine@3", "a <thing>"]);
    assert.equal(mine.columns.find(({ name }) => name === "strange")!.type, "text");
    assert.equal(manifest.dropped["mine"], 4);
    assert.ok(
      manifest.artifacts.some(({ path, schema }) =>
        path === "profilers/mine.csv" && schema === "mine@3"
      ),
    );
    assert.match(
      manifest.hooks.find(({ name }) => name === "silent")!.reason!,
      /no process imported vllm\.gone, which it watches/,
    );
    assert.deepEqual(await validateBundle(Deno, dir), []);

    const { own } = await analyzeSession(Deno, dir);
    assert.equal(own.length, 1);
    assert.deepEqual(own[0]!.numbers.map(({ statistics }) => statistics!.mean), [2 / 3, 1]);
    assert.deepEqual(own[0]!.words[0]!.frequent, [
      { value: "a", rows: 2 },
      { value: "b,c", rows: 1 },
    ]);
    await generateReport(Deno, dir);
    const html = await Deno.readTextFile(`${dir}/report.html`);
    assert.match(html, /Your own profilers/);
    assert.match(html, /a &#60;thing&#62;/);
  });
});

Deno.test("a followed session has the metrics of its own tables as the merged one has them", async () => {
  await inFolder(async (parent) => {
    const dir = `${parent}/s`;
    await session(dir);
    const live = new LiveSession(Deno, dir);
    await live.look(new Date());
    await live.look(new Date());
    await mergeSession(Deno, dir);
    const manifest = await readManifest(Deno, dir);
    const merged = exposition(Object.values(await sessionMetrics(Deno, dir, manifest!)));
    const ofOurs = (text: string) =>
      text.split("\n").filter((line) => line.startsWith("vscope_profiler_")).sort().join("\n");
    assert.equal(ofOurs(exposition(live.snapshot())), ofOurs(merged));
    assert.match(ofOurs(merged), /vscope_profiler_rows_total\{table="mine"\} 3/);
    assert.match(
      ofOurs(merged),
      /vscope_profiler_value\{table="mine",column="took_ms",unit="ms",pid="99000002"\} 1\.5/,
    );
    assert.equal(live.figures.own.get("mine")!.rows, 3);
  });
});
