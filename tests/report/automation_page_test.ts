/** The page of an automation. */

import assert from "node:assert/strict";
import type { Manifest, StageRecord } from "../../kit/bundle/manifest.ts";
import { generateReport } from "../../kit/report/generate.ts";
import { recorded } from "../analysis/nsys/analyzed.ts";
import { inFolder } from "../folders.ts";

const HOSTILE = "</script><img src=x onerror=alert(1)>\"'`";

const NSYS: StageRecord[] = [{
  name: "nsys-record",
  title: "recording",
  status: "complete",
  seconds: 61.5,
  bundle: "nsys",
  log: "logs/nsys-record.log",
  steps: [{ name: "engine up", seconds: 50 }, { name: "load", seconds: 4 }],
}];

/** Writes the manifest of a bundle with a few files in it. */
async function bundle(
  dir: string,
  recipe: string,
  paths: readonly string[],
  more: Partial<Manifest> = {},
): Promise<void> {
  await Deno.mkdir(dir, { recursive: true });
  const artifacts = paths.map((path) => ({ path, bytes: 1, sha256: "", schema: "" }));
  await Deno.writeTextFile(
    `${dir}/bundle.json`,
    JSON.stringify({
      schema_version: 1,
      recipe,
      status: "complete",
      started_at: "2026-01-02T03:04:05.000Z",
      artifacts,
      ...more,
    }),
  );
}

async function page(dir: string): Promise<{ html: string; titles: string[] }> {
  const { path, findings } = await generateReport(Deno, dir);
  const html = await Deno.readTextFile(path);
  return {
    html: html.slice(html.indexOf("<main>"), html.indexOf("</main>")),
    titles: findings.map(({ title }) => title),
  };
}

Deno.test("the page leads with the answer, then findings, stages, and the figures of every part", async () => {
  await inFolder(async (dir) => {
    await bundle(dir, "full", ["nsys/report.html", "logs/nsys-record.log"], { stages: NSYS });
    await bundle(`${dir}/nsys`, "nsys", ["rep.sqlite"]);
    await Deno.writeFile(`${dir}/nsys/rep.sqlite`, await recorded("experts-eager"));
    await bundle(`${dir}/ncu`, "ncu", []);
    await Deno.writeTextFile(
      `${dir}/ncu/analysis.json`,
      JSON.stringify({
        schema_version: 1,
        kind: "ncu",
        sources: [],
        findings: [{ severity: "info", title: "A kernel", evidence: "slow", advice: "none" }],
        ncu_by_category: [
          { name: "moe", category: "moe", launches: 2, share: 0.7, dram_gbps: 2500, dram_pct: 75 },
          { name: "ffn", category: "ffn", launches: 2, share: 0.01, dram_gbps: 3 },
        ],
        ncu_by_kernel: [{ name: "k", category: "moe", launches: 2, share: 0.7, dram_pct: 75 }],
      }),
    );
    const { html, titles } = await page(dir);
    const order = ["answer", "findings", "stages", "steps", "categories", "timeline", "kernels"]
      .map((id) => html.indexOf(`<section id="${id}"`));
    assert.deepEqual(order, order.toSorted((a, b) => a - b));
    assert.ok(order[0]! > 0);
    for (
      const part of [
        /25\.\d ms of kernels: 11\.\d % in 1 prefill step, [\d.]+ % in 11 decode steps/,
        /decode: attention [\d.]+ %, FFN [\d.]+ %, experts [\d.]+ %, the rest [\d.]+ %/,
        /0 % of all kernels \(0 of 1 216\) were replayed from graphs/,
        /<strong>Bandwidth\.<\/strong> moe: 2 500 GB\/s \(75 % of the peak\)\./,
        /61\.5 s/,
        /engine up 50 s; load 4 s/,
        /href="nsys\/report\.html"/,
        /href="logs\/nsys-record\.log"/,
        /<p>ncu: slow<\/p>/,
      ]
    ) assert.match(html, part);
    assert.ok(titles.includes("A kernel"));
    assert.doesNotMatch(html, /undefined|NaN|\[object/);
  });
});

Deno.test("what is missing is told with its reason, once, and no text of a bundle is taken for HTML", async () => {
  await inFolder(async (dir) => {
    const reason = `nsys died: ${HOSTILE}`;
    const stages: StageRecord[] = [
      { name: "nsys-record", title: "recording", status: "failed", reason, bundle: "nsys" },
      { name: "moe", title: HOSTILE },
    ];
    await bundle(dir, "quick", [], {
      status: "failed",
      stages,
      notes: [{ severity: "error", message: `Stage nsys-record: failed; ${reason}` }],
    });
    await bundle(`${dir}/nsys`, "nsys", [], {
      status: "failed",
      notes: [{ severity: "error", message: reason }],
    });
    const { html, titles } = await page(dir);
    assert.equal(titles.length, 1);
    assert.ok(!html.includes("<img"));
    assert.match(html, /not reached/);
    assert.doesNotMatch(html, /<section id="answer"/);
  });
});

Deno.test("a part that cannot be read is told, and the others are shown", async () => {
  await inFolder(async (dir) => {
    await bundle(dir, "full", [], { stages: NSYS });
    await bundle(`${dir}/nsys`, "nsys", ["rep.sqlite"]);
    await Deno.writeFile(`${dir}/nsys/rep.sqlite`, await recorded("experts-eager"));
    for (const text of ["{", "null", '{"schema_version": 7}']) {
      await Deno.mkdir(`${dir}/ncu`, { recursive: true });
      await Deno.writeTextFile(`${dir}/ncu/bundle.json`, text);
      const { html, titles } = await page(dir);
      assert.ok(titles.includes("What ncu left cannot be read"), titles.join());
      assert.match(html, /<section id="answer"/);
    }
  });
});
