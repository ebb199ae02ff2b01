/** The page of an nsys capture. */

import assert from "node:assert/strict";
import { recorded } from "../analysis/nsys/analyzed.ts";
import { writeExport } from "../analysis/nsys/made.ts";
import { generateReport } from "../../kit/report/generate.ts";
import { inFolder } from "../folders.ts";

const HOSTILE = "</script><img src=x onerror=alert(1)>\"'`";

async function pageIn(dir: string, bytes: number): Promise<string> {
  const artifact = { path: "rep.sqlite", bytes, sha256: "" };
  await Deno.writeTextFile(
    `${dir}/bundle.json`,
    JSON.stringify({
      schema_version: 1,
      recipe: "nsys",
      status: "complete",
      started_at: "x",
      artifacts: [artifact],
    }),
  );
  const { path } = await generateReport(Deno, dir);
  const page = await Deno.readTextFile(path);
  return page.slice(page.indexOf("<main>"), page.indexOf("</main>"));
}

Deno.test("the page of an export has steps, kinds, kernels, launches, idle time and calls", async () => {
  await inFolder(async (dir) => {
    const bytes = await recorded("experts-eager");
    await Deno.writeFile(`${dir}/rep.sqlite`, bytes);
    const page = await pageIn(dir, bytes.length);
    for (
      const part of [
        /<b>15<\/b><small>1 prefill, 11 decode, 1 mixed/,
        /<b>1.216<\/b><small>25\.\d ms in all/,
        /k-moe/,
        /fused_moe_kernel/,
        /How kernels were launched/,
        /cudaLaunchKernel/,
        /execute_context_12\(3538\)_generation_4\(4\)/,
        /host within a step/,
      ]
    ) assert.match(page, part);
    assert.doesNotMatch(page, /undefined|NaN|\[object/);
  });
});

Deno.test("names of an export stay text, and one that cannot be read is told", async () => {
  await inFolder(async (dir) => {
    writeExport(`${dir}/rep.sqlite`, [
      { kind: "kernel", name: HOSTILE, start: 0, duration: 10, pid: 4 },
      { kind: "kernel", name: HOSTILE, start: 20, duration: 10, pid: 5, device: 1 },
      { kind: "call", name: HOSTILE, start: 0, duration: 10 },
      { kind: "range", name: HOSTILE, start: 0, duration: 10 },
    ]);
    const page = await pageIn(dir, 1);
    assert.ok(!page.includes("<img"));
    assert.match(page, /process 5/);
    await Deno.writeTextFile(`${dir}/rep.sqlite`, "SQLite format 3\0 and no more");
    assert.match(await pageIn(dir, 1), /it ends within its head/);
  });
});
