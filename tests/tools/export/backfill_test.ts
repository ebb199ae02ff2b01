/** `vscope export openmetrics --backfill`: the values over time end where the last state is. */

import assert from "node:assert/strict";
import { backfill, MOST_STRETCHES } from "../../../kit/analysis/metrics/backfill.ts";
import { readManifest } from "../../../kit/bundle/manifest_file.ts";
import { samplesOf } from "../../analysis/live/samples.ts";
import { vscopeHere } from "../../cli.ts";
import { inFolder } from "../../folders.ts";
import { example, rowsOf } from "./sessions.ts";

/** Values of each series with their times, as they stand in the text. */
function seriesOf(text: string): Map<string, [at: number, value: number][]> {
  assert.ok(text.endsWith("\n# EOF\n"));
  const found = new Map<string, [number, number][]>();
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const [, key, value, at] = /^(.+) (\S+) (\d+(?:\.\d+)?)$/.exec(line)!;
    const known = found.get(key!) ?? [];
    found.set(key!, known);
    known.push([Number(at), Number(value)]);
  }
  return found;
}

Deno.test("values over time rise in time, never fall, and end with the last state", async () => {
  for (const name of ["session", "moe"] as const) {
    const dir = example(name);
    const args = ["export", "openmetrics", dir];
    const past = await vscopeHere([...args, "--backfill", "--backfill-interval", "1s"]);
    assert.equal(past.code, 0, past.stderr);
    const series = seriesOf(past.stdout);
    const last = samplesOf((await vscopeHere(args)).stdout);
    assert.deepEqual([...series.keys()].sort(), [...last.keys()].sort());
    const manifest = (await readManifest(Deno, dir))!;
    for (const [key, points] of series) {
      const end = points.at(-1)!;
      assert.equal(end[0], Date.parse(manifest.ended_at!) / 1000, key);
      assert.ok(Math.abs(end[1] - last.get(key)!) <= 1e-12 * Math.abs(end[1]), key);
      for (const [place, [at, value]] of points.entries()) {
        const before = points[place - 1];
        if (!before) continue;
        assert.ok(at > before[0], key);
        if (/_(total|bucket|count|sum|peak)(\{|$)/.test(key)) assert.ok(value >= before[1], key);
      }
    }
  }
});

Deno.test("a batch counts in the second in which it was scheduled", async () => {
  const dir = example("session");
  const manifest = (await readManifest(Deno, dir))!;
  const past = await backfill(Deno, dir, manifest, 1);
  let text = "";
  for await (const part of past.text) text += part;
  const series = seriesOf(text);
  const start = Date.parse(manifest.started_at) / 1000;
  const moments = (await rowsOf(`${dir}/batch_utilization.csv`)).map((row) =>
    Number(row["timestamp_sec"])
  );
  const counted = (at: number) =>
    [...series].filter(([key]) => key.startsWith("vscope_scheduled_batches_total"))
      .reduce((sum, [, points]) => sum + (points.filter(([t]) => t <= at).at(-1)?.[1] ?? 0), 0);
  const middle = Math.ceil(moments[Math.floor(moments.length / 2)]!);
  assert.equal(counted(start + middle), moments.filter((at) => at <= middle).length);
});

Deno.test("a long session has longer stretches, and other formats have no past", async () => {
  const dir = example("session");
  const manifest = (await readManifest(Deno, dir))!;
  const ended = new Date(Date.parse(manifest.started_at) + 7 * 86_400_000).toISOString();
  const past = await backfill(Deno, dir, { ...manifest, ended_at: ended }, 15);
  assert.ok(past.stretches <= MOST_STRETCHES && past.intervalSec > 15);
  await inFolder(async (folder) => {
    const refused = await vscopeHere(["export", "perfetto", dir, "--backfill"], { cwd: folder });
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /--backfill is for openmetrics; leave it out/);
    const file = `${folder}/x.om`;
    const ran = await vscopeHere([
      "export",
      "openmetrics",
      dir,
      "--backfill",
      "--out",
      file,
      "--json",
    ]);
    const { samples, interval_sec } = JSON.parse(ran.stdout);
    const lines = (await Deno.readTextFile(file)).split("\n").filter((line) => /^[^#]/.test(line));
    assert.deepEqual([samples, interval_sec], [lines.length, 15]);
  });
});
