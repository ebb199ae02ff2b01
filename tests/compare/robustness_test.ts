/** Whatever stands in the files of a bundle, comparing it ends with figures or in a sentence. */

import assert from "node:assert/strict";
import { diffBundles } from "../../kit/compare/diff.ts";
import { readCompared } from "../../kit/compare/read_bundle.ts";
import { UsageError } from "../../kit/contract/errors.ts";
import { fc, rounds } from "../deps.ts";
import { inFolder } from "../folders.ts";
import { writeSweep } from "../sweep/made.ts";
import { writeSession } from "./made.ts";

const CASES = [
  ["session", "forward_pass_timing.csv"],
  ["session", "batch_utilization.csv"],
  ["session", "request_lifecycle.csv"],
  ["sweep", "tp1/attention.csv"],
  ["sweep", "tp1/dense.csv"],
  ["sweep", "meta.yaml"],
] as const;

Deno.test("a mangled bundle has finite figures, or is refused in one sentence", async () => {
  await inFolder(async (dir) => {
    await writeSession(`${dir}/session`, { stepMs: 5, seed: 1, requests: 40 });
    await writeSweep(`${dir}/sweep`, [1]);
    const whole = new Map<string, string>();
    for (const [bundle, file] of CASES) {
      whole.set(`${bundle}/${file}`, await Deno.readTextFile(`${dir}/${bundle}/${file}`));
    }
    const before = {
      session: await readCompared(Deno, `${dir}/session`),
      sweep: await readCompared(Deno, `${dir}/sweep`),
    };
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...CASES),
        fc.nat(3000),
        fc.nat(40),
        fc.oneof(
          fc.constantFrom("", ",", "\n", '"', "\r\n", "nan", "-", "0", "inf", "\0", "1e999", "-5"),
          fc.string({ maxLength: 12 }),
        ),
        async ([bundle, file], place, length, put) => {
          const path = `${bundle}/${file}`;
          const text = whole.get(path)!;
          const at = place % text.length;
          await Deno.writeTextFile(
            `${dir}/${path}`,
            text.slice(0, at) + put + text.slice(at + length),
          );
          try {
            const found = await readCompared(Deno, `${dir}/${bundle}`);
            for (const { value, within, metric } of found.figures) {
              assert.ok(Number.isFinite(value), metric);
              assert.ok(!within || (Number.isFinite(within.error) && within.error >= 0), metric);
              assert.ok(!within || within.freedom > 0, metric);
            }
            const { tables } = diffBundles([before[bundle]], [found], 0.95);
            for (const { change, metric } of tables.flatMap(({ figures }) => figures)) {
              assert.ok(Number.isFinite(change), metric);
            }
          } catch (error) {
            assert.ok(error instanceof UsageError, String((error as Error).stack));
          } finally {
            await Deno.writeTextFile(`${dir}/${path}`, text);
          }
        },
      ),
      { numRuns: rounds(100) },
    );
  });
});

Deno.test("a row of a sweep that has no time is counted, and is no figure", async () => {
  await inFolder(async (dir) => {
    await writeSweep(dir, [1]);
    const path = `${dir}/tp1/moe.csv`;
    const [header, ...rows] = (await Deno.readTextFile(path)).trimEnd().split("\n");
    const times = ["inf", "", "0", "-3", "nan", "1e999"];
    const broken = rows.map((row, place) =>
      place < times.length ? row.replace(/[^,]*$/, times[place]!) : row
    );
    await Deno.writeTextFile(path, [header, ...broken].join("\n") + "\n");
    const { leftOut, figures } = await readCompared(Deno, dir);
    assert.deepEqual(leftOut, ["tp1/moe: 6 rows have no time, or no whole key"]);
    const moe = figures.filter(({ metric }) => metric.startsWith("moe."));
    assert.equal(moe.length, rows.length - times.length);
  });
});

Deno.test("records that are no records are refused", async () => {
  await inFolder(async (dir) => {
    for (const text of ["", "null", "[]", "{", '{"schema_version":1}', '{"schema_version":2}']) {
      for (
        const [recipe, file] of [
          ["xctrace", "xctrace_summary.json"],
          ["metal", "metal.json"],
          ["torch", "analysis.json"],
        ]
      ) {
        const manifest = { schema_version: 1, recipe, status: "complete", artifacts: [] };
        await Deno.writeTextFile(`${dir}/bundle.json`, JSON.stringify(manifest));
        await Deno.writeTextFile(`${dir}/${file}`, text);
        await assert.rejects(readCompared(Deno, dir), UsageError, `${recipe}: ${text}`);
      }
    }
  });
});
