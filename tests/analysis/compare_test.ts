/** Two captures side by side. */

import assert from "node:assert/strict";
import { compareCaptures } from "../../kit/analysis/capture/compare.ts";
import { csvText, flatTable } from "../../kit/analysis/capture/flat_table.ts";
import { analyzed } from "./torch/analyzed.ts";
import { call, kernel, type Made, operator, range, traceText } from "./torch/kineto.ts";

/** Steps that each run a GEMM and one kernel more. */
function run(steps: number, gemm: number, other: string): Made[] {
  return Array.from({ length: steps }, (_, step) => [
    range("execute_context_0(0)_generation_4(4)", step * 100_000, 50_000),
    kernel("some_gemm", step * 100_000 + 10_000, gemm, { correlation: 2 * step + 1 }),
    call("cudaLaunchKernel", step * 100_000 + 1000, 10, 2 * step + 1),
    kernel(other, step * 100_000 + 60_000, 1000, { correlation: 2 * step + 2 }),
    call("cudaLaunchKernel", step * 100_000 + 2000, 10, 2 * step + 2),
  ]).flat();
}

Deno.test("kernels are matched by name, changes are those of a step, the largest first", async () => {
  const a = await analyzed([traceText(run(2, 20_000, "rms_norm_old"))]);
  const b = await analyzed([traceText(run(4, 26_000, "rms_norm_new"))]);
  const { per, totals, categories, kernels, findings } = compareCaptures(a, b);
  assert.equal(per, "iteration");
  assert.deepEqual(kernels[0], {
    name: "some_gemm",
    category: "ffn",
    a_count: 2,
    a_ns: 40_000,
    a_avg_ns: 20_000,
    b_count: 4,
    b_ns: 104_000,
    b_avg_ns: 26_000,
    change_ns: 6000,
    ratio: 1.3,
  });
  const fresh = kernels.find(({ name }) => name === "rms_norm_new")!;
  assert.equal(fresh.a_ns, undefined);
  assert.equal(fresh.ratio, undefined);
  assert.deepEqual(categories.map(({ category, change_ns }) => [category, change_ns]), [
    ["ffn", 6000],
    ["norm", 0],
  ]);
  assert.deepEqual(totals.find(({ metric }) => metric === "kernel_count"), {
    metric: "kernel_count",
    a: 4,
    b: 8,
    ratio: 2,
  });
  assert.match(findings[0]!.evidence, /^0\.021 ms against 0\.027 ms a step \(28\.6 %\)$/);
  assert.match(findings[0]!.advice, /some_gemm/);
});

Deno.test("captures without a GPU are compared by operators, and not with those that have one", async () => {
  const a = await analyzed([traceText([operator("aten::mm", 0, 500, 1)])]);
  const b = await analyzed([traceText([operator("aten::mm", 0, 700, 1)])]);
  assert.deepEqual(compareCaptures(a, b).kernels.map(({ name, change_ns }) => [name, change_ns]), [
    ["aten::mm", 200],
  ]);
  const gpu = await analyzed([traceText(run(1, 5, "norm"))]);
  assert.throws(() => compareCaptures(a, gpu), /has no GPU kernels to compare$/);
});

Deno.test("a table is flat, and CSV keeps names with commas and quotes", async () => {
  const document = { ...await analyzed([traceText([kernel('a<1, "2">', 0, 5)])]) };
  assert.equal(
    csvText(flatTable(document, "kernels")),
    "name,category,count,total_ns,avg_ns,median_ns,min_ns,max_ns,stddev_ns\n" +
      '"a<1, ""2"">",other,1,5,5,5,5,5,0\n',
  );
  const steps = { ...await analyzed([traceText(run(2, 5, "norm"))]) };
  assert.ok(flatTable(steps, "iterations").header.includes("elapsed_ms_p50"));
  assert.equal(flatTable(steps, "timeline").rows.length, 2);
  assert.throws(() => flatTable(document, "phases"), /this capture has sources, gpu, kernels/);
});
