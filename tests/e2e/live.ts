/** What a running session's metrics say, and whether all that tells of it at its end agrees. */

import assert from "node:assert/strict";
import { assertSame, samplesOf } from "../analysis/live/samples.ts";
import { readTable } from "../bundle/raw.ts";
import { vscope } from "../cli.ts";
import { until } from "../engine/processes.ts";
import { namesIn } from "../folders.ts";

/** Scrapes `/metrics` each second, as OpenMetrics, until `stop` is called. */
export function scrape(address: string): { texts: string[]; stop(): Promise<void> } {
  const texts: string[] = [];
  let going = true;
  const done = (async () => {
    while (going) {
      const response = await fetch(`http://${address}/metrics`, {
        headers: { accept: "application/openmetrics-text; version=1.0.0" },
      });
      assert.equal(response.status, 200);
      texts.push(await response.text());
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  })();
  return {
    texts,
    async stop() {
      going = false;
      await done;
    },
  };
}

/** Requests that have ended, as vLLM's own metrics said when vscope scraped them last. */
export async function ended(dir: string): Promise<number> {
  const text = await Deno.readTextFile(`${dir}/vllm_metrics/last.prom`).catch(() => "");
  const found = text.matchAll(/^vllm:request_success_total\{[^}]*\} (\S+)$/gm);
  return [...found].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** Waits until no raw table of a session has grown for a few seconds: an engine that rests writes nothing. */
export async function comesToRest(dir: string): Promise<void> {
  let before = "";
  let still = 0;
  await until("the tables come to rest", 300_000, async () => {
    const sizes: string[] = [];
    for (const name of await namesIn(`${dir}/processes`)) {
      for (const file of await namesIn(`${dir}/processes/${name}`)) {
        if (!file.endsWith(".csv")) continue;
        sizes.push(`${name}/${file} ${(await Deno.stat(`${dir}/processes/${name}/${file}`)).size}`);
      }
    }
    still = sizes.join() === before ? still + 1 : 0;
    before = sizes.join();
    return still >= 60;
  });
}

/** No counter fell from one scrape to the next. */
export function neverFell(texts: readonly string[]): void {
  assert.ok(texts.length > 2, `${texts.length} scrapes`);
  let before = new Map<string, number>();
  for (const text of texts) {
    assert.ok(text.endsWith("# EOF\n"));
    const now = samplesOf(text);
    for (const [key, value] of before) {
      if (!/_(total|bucket|count|sum)(\{|$)/.test(key)) continue;
      assert.ok(now.get(key)! >= value, `${key} fell from ${value} to ${now.get(key)}`);
    }
    before = now;
  }
}

/** `/metrics`, watch, CSV, export and report of a session that has ended, to the last count. */
export async function allAgree(dir: string): Promise<void> {
  const [watched, exported, analyzed] = await Promise.all([
    vscope(["watch", dir, "--json"]),
    vscope(["export", "openmetrics", dir]),
    vscope(["analyze", dir, "--json"]),
  ]);
  assert.deepEqual([watched.code, exported.code, analyzed.code], [0, 0, 0], watched.stderr);
  const seen = JSON.parse(watched.stdout);
  const report = JSON.parse(analyzed.stdout);
  const metrics = samplesOf(exported.stdout);
  const sum = (start: string) =>
    [...metrics].filter(([key]) => key.startsWith(start)).reduce((total, [, v]) => total + v, 0);
  const batches = await readTable(`${dir}/batch_utilization.csv`);
  const lives = await readTable(`${dir}/request_lifecycle.csv`);
  const column = (rows: Record<string, string>[], name: string) =>
    rows.reduce((total, row) => total + Number(row[name]), 0);
  const { batches: own, throughput, requests } = seen;
  assert.deepEqual(
    [own.count, sum("vscope_scheduled_batches_total"), report.iterations.count],
    Array(3).fill(batches.length),
  );
  assert.deepEqual(
    [throughput.recomputed_tokens, sum("vscope_recomputed_tokens_total")],
    Array(2).fill(column(batches, "recomputed_tokens")),
  );
  assert.deepEqual(
    [throughput.overscheduled_tokens, sum("vscope_overscheduled_tokens_total")],
    Array(2).fill(column(batches, "overscheduled_tokens")),
  );
  assert.deepEqual(
    [requests.finished, sum("vscope_requests_total"), report.requests.count],
    Array(3).fill(lives.length),
  );
  assert.deepEqual(
    [requests.preemptions, sum("vscope_preemptions_total")],
    Array(2).fill(column(lives, "num_preemptions")),
  );
  assert.equal(
    sum("vscope_forward_tokens_total"),
    column(await readTable(`${dir}/forward_pass_timing.csv`), "num_tokens"),
  );
  const { texts, stop } = await listening(dir);
  try {
    assertSame(texts[0]!, exported.stdout);
  } finally {
    await stop();
  }
}

/** What `watch --listen` says of the session. */
async function listening(dir: string): Promise<{ texts: string[]; stop(): Promise<void> }> {
  const { startVscope } = await import("../cli.ts");
  const { findFreePort } = await import("../../kit/engine/system/free_port.ts");
  const address = `127.0.0.1:${findFreePort()}`;
  const child = startVscope(["watch", dir, "--listen", address]);
  const output = child.output();
  for (let tries = 0;; tries++) {
    try {
      const { texts, stop } = scrape(address);
      await stop();
      return {
        texts,
        async stop() {
          child.kill("SIGINT");
          assert.equal((await output).code, 130);
        },
      };
    } catch (error) {
      if (tries > 1000) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}
