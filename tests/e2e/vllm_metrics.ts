/** vLLM's own metrics of a real engine, beside ours. */

import assert from "node:assert/strict";
import type { Compared } from "../../kit/analysis/vllm_metrics/compare.ts";
import type { Manifest } from "../../kit/bundle/manifest.ts";
import { readTable } from "../bundle/raw.ts";
import { RECORDED_METRICS } from "../dev/vllm_metrics_table.ts";
import { vscope } from "../cli.ts";

/** Options that record them. */
export const VLLM_METRICS = ["--with-vllm-metrics", "--vllm-metrics-interval", "1s"];

/** They were turned on, scraped, and agree with our tables. */
export async function vllmMetricsAgree(dir: string): Promise<void> {
  const manifest: Manifest = JSON.parse(await Deno.readTextFile(`${dir}/bundle.json`));
  assert.ok(manifest.command.includes("--cudagraph-metrics"));
  const analyzed = await vscope(["analyze", dir, "--json"]);
  const { rows, scrapes, others } = JSON.parse(analyzed.stdout).vllm_metrics;
  assert.ok(scrapes.scrapes > 2, JSON.stringify(scrapes));
  const of = (what: string): Compared => rows.find((row: Compared) => row.what === what);
  const shown = JSON.stringify(rows, null, 1);
  const lives = await readTable(`${dir}/request_lifecycle.csv`);
  assert.equal(of("requests ended").ours, lives.length);
  // Nothing ran at the last scrape: counts agree to the last.
  for (const what of ["requests ended", "prompt tokens", "generated tokens", "preemptions"]) {
    assert.equal(of(what)?.difference, 0, shown);
  }
  assert.equal(of("steps in the log").difference, 0, shown);
  assert.equal(of("tokens of steps in the log").difference, 0, shown);
  assert.ok(of("passes with CUDA graph mode NONE").vllm > 0, shown);
  for (const what of ["mean time to first token", "mean time of a request"]) {
    // vLLM's clock begins earlier, and its API server hears of the end later.
    assert.ok(of(what).vllm > of(what).ours && of(what).ours > 0, shown);
  }
  assert.ok(of("peak use of the KV cache").difference >= 0, shown);
  assert.ok(others.includes("vllm:num_requests_running"), others.join());

  const values = await Deno.readTextFile(`${dir}/vllm_metrics/values.csv`);
  assert.match(values, /^timestamp_sec,metric,labels,value\n/);
  assert.doesNotMatch(values, /_bucket,/);
  await vscope(["report", dir]);
  assert.match(await Deno.readTextFile(`${dir}/report.html`), /vLLM’s own metrics beside these/);
  assert.equal((await vscope(["bundle", "validate", dir])).code, 0);
  // The table of docs/concepts/vllm-metrics.md is made from such a run, when one asks for it.
  if (Deno.env.get("VSCOPE_RECORD_METRICS")) {
    await Deno.writeTextFile(
      RECORDED_METRICS,
      JSON.stringify(
        { vllm: manifest.versions.vllm, day: manifest.started_at.slice(0, 10), scrapes, rows },
        null,
        2,
      ) + "\n",
    );
  }
}
