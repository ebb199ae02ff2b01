import assert from "node:assert/strict";
import { closeCapture } from "../../kit/bundle/capture_bundle.ts";
import type { Manifest } from "../../kit/bundle/manifest.ts";
import type { MetalRecord } from "../../kit/bundle/metal_record.ts";
import { estimateCapture } from "../../kit/engine/metal/estimate.ts";
import { generateReport } from "../../kit/report/generate.ts";
import { inFolder } from "../folders.ts";

/** The page of a bundle with one more file. */
async function page(recipe: string, dir: string, name: string, text: string): Promise<string> {
  await Deno.writeTextFile(`${dir}/${name}`, text);
  const manifest = {
    schema_version: 1,
    recipe,
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
    captures: [{ path: "run.trace", files: 1, apparent_bytes: 9 }],
  } as unknown as Manifest;
  await closeCapture(Deno, dir, manifest, { status: "complete", endedAt: new Date() });
  return await Deno.readTextFile((await generateReport(Deno, dir)).path);
}

function record(more: Partial<MetalRecord>): string {
  const whole: MetalRecord = {
    schema_version: 1,
    form: "server",
    trace_dir: "/t",
    memory_fraction: "0.1",
    max_tokens: 10,
    estimate: estimateCapture({ billions: 0.6, layers: 28, maxTokens: 10, captures: 1 }),
    guards: [{ name: "disk", outcome: "ok", found: "9 GB free" }],
    uncaptured_seconds: 0.5,
    captures: [{
      number: 1,
      prefix: "p",
      verified: true,
      request_seconds: 40,
      traces: [{
        path: "traces/it's <here>.gputrace",
        files: 30_000,
        apparent_bytes: 9e10,
        allocated_bytes: 2.1e9,
      }],
    }],
    ...more,
  };
  return JSON.stringify(whole);
}

Deno.test("a capture's page has the command, the sizes, the panes and what it came to", async () => {
  await inFolder(async (dir) => {
    const html = await page("metal", dir, "metal.json", record({}));
    const text = html.replaceAll("&#39;", "'").replaceAll("&#60;", "<").replaceAll("&#62;", ">");
    assert.ok(text.includes(`open '${dir}/traces/it'\\''s <here>.gputrace'`));
    for (
      const said of [
        /90 GB/,
        /2\.1 GB/,
        /2\.2 GB to 26 GB/,
        /80 times/,
        /Dependencies/,
        /paged_attention/,
        /Safe for this trace/,
        /9 GB free/,
      ]
    ) assert.match(text, said);
    assert.doesNotMatch(html, /<here>/);
  });
});

Deno.test("a page warns of Profile where the fraction is large, or nobody knows it", async () => {
  for (const memory_fraction of ["auto", "0.5", undefined]) {
    await inFolder(async (dir) => {
      const { memory_fraction: _, ...rest } = JSON.parse(record({}));
      const text = JSON.stringify(memory_fraction ? { ...rest, memory_fraction } : rest);
      const html = await page("metal", dir, "metal.json", text);
      assert.match(html, /Do not click Profile for this trace/);
      assert.doesNotMatch(html, /Safe for this trace/);
    });
  }
});

Deno.test("a record or a summary that is garbled, or missing, never stops the page", async () => {
  const texts = ["", "{", "null", "[]", '{"schema_version":1}', record({ captures: [] })];
  for (const text of texts) {
    await inFolder(async (dir) => {
      assert.match(await page("metal", dir, "metal.json", text), /No capture was begun/);
    });
    await inFolder(async (dir) => {
      const html = await page("xctrace", dir, "xctrace_summary.json", text);
      assert.match(html, /What it cannot show/);
      assert.match(html, new RegExp(`open ${dir}/run\\.trace`));
    });
  }
});
