/** Points of a sweep that are held out. */

import assert from "node:assert/strict";
import { errorFigures } from "../../../kit/sweep/predict/errors.ts";
import { leaveOneOut } from "../../../kit/sweep/predict/leave_one_out.ts";
import { vscopeHere } from "../../cli.ts";
import { inFolder } from "../../folders.ts";
import { editRows } from "../made.ts";
import { withSweep } from "./opened.ts";

const errors = async (dir: string, category: string, axis: string) =>
  (await leaveOneOut(Deno, dir))
    .find((held) => held.tp === 1 && held.category === category)!.axes
    .find((found) => found.axis === axis)!;

Deno.test("figures of errors are medians and P90 of their sizes, and the mean with its sign", () => {
  assert.deepEqual(errorFigures([0.1, -0.1, 0.2, -0.3, 0, NaN]), {
    count: 5,
    median: 0.1,
    p90: 0.26,
    signed_mean: -0.02,
  });
  assert.equal(errorFigures([NaN]), undefined);
});

Deno.test("a table that is a straight line is predicted without error", async () => {
  await withSweep(async (dir) => {
    for (
      const [category, axis] of [
        ["dense", "tokens"],
        ["per_sequence", "sequences"],
        ["attention", "kv_decode"],
        ["attention", "kv_prefill"],
        ["attention", "n_decode"],
        ["moe", "tokens"],
        ["moe", "activated_experts"],
      ] as const
    ) {
      const { interpolated, reference } = await errors(dir, category, axis);
      assert.ok(interpolated.count > 0);
      for (const { p90 } of [interpolated, reference]) assert.ok(p90 < 1e-3, `${axis} ${p90}`);
    }
    // Quadratic in the chunk: straight lines are too long between two points.
    const chunk = await errors(dir, "attention", "prefill_chunk");
    assert.ok(chunk.reference.signed_mean > 0.005);
    assert.ok(chunk.interpolated.median < chunk.reference.median);
    // Alphas that grow with the chunk.
    assert.ok((await errors(dir, "skew", "pc")).interpolated.p90 < 0.05);
  });
});

Deno.test("the error is that of a point that was moved, with its sign", async () => {
  await withSweep(async (dir) => {
    const before = await errors(dir, "per_sequence", "sequences");
    await editRows(
      `${dir}/tp1/per_sequence.csv`,
      (rows) =>
        rows.map((row) => row[1] === "4" ? [row[0]!, row[1], String(Number(row[2]) / 2)] : row),
    );
    const after = await errors(dir, "per_sequence", "sequences");
    assert.equal(after.interpolated.count, before.interpolated.count);
    assert.ok(after.interpolated.p90 > 0.5, String(after.interpolated.p90));
    assert.ok(after.interpolated.signed_mean > 0.05);
  });
});

Deno.test("bundle validate --leave-one-out tells it, and refuses what is no sweep", async () => {
  await withSweep(async (dir) => {
    const args = ["bundle", "validate", "--leave-one-out", dir];
    const { code, stdout } = await vscopeHere([...args, "--json"]);
    assert.equal(code, 0);
    const { problems, leave_one_out: held } = JSON.parse(stdout);
    assert.deepEqual(problems, []);
    assert.deepEqual(
      held.map(({ tp, category }: { tp: number; category: string }) => `${tp} ${category}`),
      ["dense", "per_sequence", "attention", "moe", "skew"].map((name) => `1 ${name}`).concat(
        ["dense", "per_sequence", "attention", "skew"].map((name) => `2 ${name}`),
      ),
    );
    assert.match((await vscopeHere(args)).stdout, /tp1 attention +│ n_decode +│/);
  });
  await inFolder(async (dir) => {
    const { code, stderr } = await vscopeHere(["bundle", "validate", "--leave-one-out", dir]);
    assert.equal(code, 2);
    assert.match(stderr, /it is no sweep/);
  });
});
