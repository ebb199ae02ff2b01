/** A table restricted to some kinds of work. */

import assert from "node:assert/strict";
import { analyzeCapture } from "../../../kit/analysis/capture/analyze.ts";
import type { Category } from "../../../kit/analysis/capture/model.ts";
import { UsageError } from "../../../kit/contract/errors.ts";
import { inFolder } from "../../folders.ts";
import { type Figure, rawPage } from "./table.ts";

const figures: Record<string, Figure> = { "gpu__time_duration.sum": ["ns", "1000"] };
const LAUNCHES = ["nvjet_tst_64x8", "void vllm::rms_norm_kernel<float>()", "nvjet_tst_128x64"]
  .map((name) => ({ name, figures }));

const restricted = (only?: readonly Category[]) =>
  inFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/raw.csv`, rawPage(LAUNCHES));
    return await analyzeCapture(Deno, [`${dir}/raw.csv`], only ? { only } : {});
  });

Deno.test("launches of other kinds are in no figure, and are counted", async () => {
  const { ncu_kernels, ncu_by_category, kernels, ncu_left_out } = await restricted(["ffn"]);
  assert.deepEqual(ncu_kernels!.map(({ name }) => name), ["nvjet_tst_64x8", "nvjet_tst_128x64"]);
  assert.deepEqual(ncu_by_category!.map(({ category, share }) => [category, share]), [["ffn", 1]]);
  assert.equal(kernels!.length, 2);
  assert.deepEqual(ncu_left_out, [{ category: "norm", launches: 1 }]);
  const whole = await restricted();
  assert.deepEqual([whole.ncu_kernels!.length, whole.ncu_left_out], [3, undefined]);
});

Deno.test("where nothing is left, it is said what there was", async () => {
  await assert.rejects(
    restricted(["attention", "moe"]),
    (error: Error) =>
      error instanceof UsageError &&
      /none of its 3 launches is of the kinds attention, moe; they are of ffn, norm$/.test(
        error.message,
      ),
  );
});
