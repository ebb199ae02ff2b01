/** A session of a million steps, exported to each format with a small heap. */

import assert from "node:assert/strict";
import { vscope } from "../cli.ts";
import { inFolder } from "../folders.ts";
import { example } from "../tools/export/sessions.ts";

const STEPS = 1_000_000;

/** V8 ends a process that needs more; the rows as objects would take many times as much. */
const ENV = { DENO_V8_FLAGS: "--max-old-space-size=256" };

/** Tables whose rows are repeated, and how many rows each gets. */
const ROWS = {
  forward_pass_timing: STEPS,
  batch_utilization: STEPS,
  kv_cache_usage: STEPS,
  cpu_operations_timing: STEPS,
  request_lifecycle: STEPS / 10,
};

/** Writes a table of many rows, made from those of a real session, later and later. */
async function lengthen(name: keyof typeof ROWS, dir: string) {
  const [header, ...lines] = (await Deno.readTextFile(`${example("session")}/${name}.csv`))
    .trimEnd().split("\n");
  const columns = header!.split(",");
  const models = lines.map((line) => line.split(","));
  const every = STEPS / ROWS[name];
  using file = await Deno.open(`${dir}/${name}.csv`, { write: true, create: true });
  const encoder = new TextEncoder();
  let block = `${header}\n`;
  for (let row = 0; row < ROWS[name]; row++) {
    const cells = [...models[row % models.length]!];
    const start = Number(
      cells[columns.indexOf(name.startsWith("req") ? "queued_sec" : "timestamp_sec")],
    );
    for (const [place, column] of columns.entries()) {
      if (column === "step") cells[place] = `${row + 1}`;
      if (column === "context") cells[place] = `step=${row + 1}`;
      if (column.endsWith("request_id")) cells[place] = `cmpl-${row}`;
      if (/^(timestamp|queued|started|first_token|finished)_sec$/.test(column)) {
        cells[place] = (100 + 0.02 * every * row + Number(cells[place]) - start).toFixed(6);
      }
    }
    block += `${cells.join(",")}\n`;
    if (block.length < 1 << 20 && row + 1 < ROWS[name]) continue;
    let data = encoder.encode(block);
    while (data.length > 0) data = data.subarray(await file.write(data));
    block = "";
  }
}

Deno.test("a session of a million steps is exported to each format in bounded memory", async () => {
  await inFolder(async (parent) => {
    const dir = `${parent}/session`;
    await Deno.mkdir(dir);
    for (const name of ["bundle.json", "metadata.json", "cuda_graph_captures.csv"]) {
      await Deno.copyFile(`${example("session")}/${name}`, `${dir}/${name}`);
    }
    for (const name of Object.keys(ROWS) as (keyof typeof ROWS)[]) await lengthen(name, dir);
    const made = async (format: string, out: string, ...rest: string[]) => {
      const args = [
        "export",
        format,
        dir,
        ...rest,
        "--out",
        `${parent}/${out}`,
        "--json",
        "--quiet",
      ];
      const { code, stdout, stderr } = await vscope(args, { env: ENV });
      assert.equal(code, 0, `${format}: ${stderr.slice(-3000)}`);
      return JSON.parse(stdout);
    };
    assert.equal((await made("csv", "x.csv", "cpu_operations_timing")).rows, STEPS);

    const timeline = await made("perfetto", "x.json.gz");
    assert.ok(timeline.events <= 1_000_000 && timeline.events > 100_000, `${timeline.events}`);
    assert.ok(timeline.drawn_one_of > 1 && timeline.bytes < 100e6);

    const parquet = await made("parquet", "tables");
    for (const { table, rows } of parquet.tables) {
      if (table in ROWS) assert.equal(rows, ROWS[table as keyof typeof ROWS], table);
    }
    await made("openmetrics", "x.prom");
    const metrics = await Deno.readTextFile(`${parent}/x.prom`);
    const passes = [...metrics.matchAll(/^vscope_forward_passes_total\S* (\d+)$/gm)];
    assert.equal(passes.reduce((sum, [, count]) => sum + Number(count), 0), STEPS);
    assert.match(metrics, new RegExp(`^vscope_requests_total\\S* ${STEPS / 10}$`, "m"));
    const manifest = JSON.parse(await Deno.readTextFile(`${dir}/bundle.json`));
    // As long as its rows are now: the past has a sample each 15 s.
    manifest.ended_at = new Date(Date.parse(manifest.started_at) + 20_200_000).toISOString();
    await Deno.writeTextFile(`${dir}/bundle.json`, JSON.stringify(manifest));
    const past = await made("openmetrics", "x.om", "--backfill");
    assert.equal(past.interval_sec, 15);
    assert.ok(past.samples > 10_000 && past.samples < 1_000_000, `${past.samples}`);
    assert.ok((await made("notebook", "x.ipynb")).cells > 10);
  });
});
