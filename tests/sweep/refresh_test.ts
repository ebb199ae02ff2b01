/** A category that is measured anew at one TP degree, and what else in the folder that changes. */

import assert from "node:assert/strict";
import { lintBundle } from "../../kit/sweep/lint/lint.ts";
import { part, readMeta } from "../../kit/sweep/sweep_folder.ts";
import { inFolder } from "../folders.ts";
import { column, ONE, sweep } from "./fake_sweep.ts";

const VALIDATED = ["--skip-skew", "--validate", "12", "--validate-layers", "0"];
const TIMES = ["tp2/per_sequence.csv", "time_us"] as const;

async function errorAt(dir: string, tp: number) {
  const { values } = (await readMeta(Deno, dir))!;
  const found = part(part(part(values, "validation"), "per_tp"), tp);
  return { batches: found["batches"], median: part(found, "error")["median"] };
}

Deno.test("copies at other TP degrees and what held-out batches say are made anew with it", async () => {
  await inFolder(async (cwd) => {
    const { code, stderr, dir } = await sweep(cwd, ["--tp-degrees", "1,2", ...VALIDATED]);
    assert.equal(code, 0, stderr);
    const before = await column(dir, ...TIMES);
    const [first, second] = [await errorAt(dir, 1), await errorAt(dir, 2)];
    assert.deepEqual([first.batches, second.batches], [12, 12]);

    const anew = ["--only", "per_sequence", "--force", "--skip-skew"];
    const again = await sweep(cwd, [...ONE, ...anew], { FAKE_POWER: "1.5" });
    assert.equal(again.code, 0, again.stderr);
    assert.deepEqual(
      (await lintBundle(Deno, dir, cwd)).filter(({ rule }) => rule === "mixed-sweeps"),
      [],
    );
    const after = await column(dir, ...TIMES);
    assert.equal(after.length, before.length);
    // The product with the vocabulary is cut at 2, and its own; the sampler is the same at every degree.
    const changed = after.filter((time, place) => time !== before[place]).length;
    assert.ok(changed > 0 && changed < after.length, `${changed} of ${after.length}`);
    assert.deepEqual(await errorAt(dir, 2), second);
    const judged = await errorAt(dir, 1);
    assert.equal(judged.batches, 12);
    assert.notEqual(judged.median, first.median);
  });
});
