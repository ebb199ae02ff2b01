/** The page of kernels that Nsight Compute measured. */

import assert from "node:assert/strict";
import type { CaptureAnalysis } from "../../kit/analysis/capture/model.ts";
import { closeCapture } from "../../kit/bundle/capture_bundle.ts";
import type { Manifest } from "../../kit/bundle/manifest.ts";
import { generateReport } from "../../kit/report/generate.ts";
import { analyzedCsv, type Figure, rawPage } from "../analysis/ncu/table.ts";
import { inFolder } from "../folders.ts";

const SHARES: Readonly<Record<string, Figure>> = {
  "gpu__time_duration.sum": ["us", "100.00"],
  "dram__bytes.sum": ["Mbyte", "280.00"],
  "gpu__dram_throughput.avg.pct_of_peak_sustained_elapsed": ["%", "83.50"],
  "sm__throughput.avg.pct_of_peak_sustained_elapsed": ["%", "45.25"],
};

const COUNTED: Readonly<Record<string, Figure>> = {
  ...SHARES,
  "sm__ops_path_tensor_src_bf16_dst_fp32.sum": ["", "20,000,000,000"],
  "smsp__sass_thread_inst_executed_op_fadd_pred_on.sum": ["inst", "1,000"],
  "smsp__sass_thread_inst_executed_op_fmul_pred_on.sum": ["inst", "1,000"],
  "smsp__sass_thread_inst_executed_op_ffma_pred_on.sum": ["inst", "1,000"],
  "device__attribute_display_name": ["", "NVIDIA H100 80GB HBM3"],
};

async function page(analysis: CaptureAnalysis | undefined): Promise<string> {
  return await inFolder(async (dir) => {
    if (analysis) await Deno.writeTextFile(`${dir}/analysis.json`, JSON.stringify(analysis));
    const manifest = {
      schema_version: 1,
      recipe: "ncu",
      started_at: "2026-01-02T03:04:05.000Z",
      contract: {},
      command: ["vllm", "serve", "M"],
      versions: { vscope: "0", deno: "0" },
      devices: [],
      engine: {},
      processes: [],
      hooks: [],
      dropped: {},
      artifacts: [],
      notes: [],
    } as unknown as Manifest;
    await closeCapture(Deno, dir, manifest, { status: "complete", endedAt: new Date() });
    return await Deno.readTextFile((await generateReport(Deno, dir)).path);
  });
}

Deno.test("with counted operations the page has a roofline, and each kernel is a dot below it", async () => {
  const html = await page(
    await analyzedCsv(rawPage([
      { name: "some_gemm<1>", figures: COUNTED },
      { name: "rms_norm", figures: COUNTED },
    ])),
  );
  assert.match(html, /<strong>Roofline<\/strong>/);
  assert.match(html, /989\.5|990 TFLOP\/s/);
  const dots = [...html.matchAll(/<circle class="k-(\w+)" cx="([\d.]+)" cy="([\d.]+)"/g)];
  assert.deepEqual(dots.map(([, kind]) => kind), ["ffn", "norm"]);
  const roof = /class="roof" d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)"/.exec(html)!
    .slice(1).map(Number) as [number, number, number, number, number, number];
  const [x1, y1, x2, y2] = roof;
  for (const [, , left, down] of dots) {
    const x = Number(left);
    const line = x >= x2 ? y2 : y1 + (y2 - y1) * (x - x1) / (x2 - x1);
    assert.ok(Number(down) >= line - 0.2, `${down} lies above ${line}`);
  }
  assert.match(html, /some_gemm&#60;1&#62;|some_gemm&lt;1&gt;/);
  assert.match(html, /bound by memory/);
});

Deno.test("without counted operations the page shows the shares of the peaks", async () => {
  const html = await page(await analyzedCsv(rawPage([{ name: "some_gemm", figures: SHARES }])));
  assert.doesNotMatch(html, /<strong>Roofline/);
  assert.match(html, /Shares of the peaks/);
  assert.equal([...html.matchAll(/<circle /g)].length, 1);
});

Deno.test("a bundle without an analysis still has its page", async () => {
  const html = await page(undefined);
  assert.match(html, /kernels against the device/);
  assert.doesNotMatch(html, /<circle /);
});
