/**
 * What a scrape each second costs a busy server: windows with and without it, in turn. The figures are
 * printed; VSCOPE_SCRAPE_PAIRS and VSCOPE_SCRAPE_WINDOW (seconds) make it shorter or longer than ten
 * minutes of scrapes.
 */

import assert from "node:assert/strict";
import { costOf, generatedTokens, type Pair, sendLoad } from "../../kit/engine/session/overhead.ts";
import { Samples } from "../../kit/bundle/merge/samples.ts";
import { findFreePort } from "../../kit/engine/system/free_port.ts";
import { ended, startVscope } from "../cli.ts";
import { say } from "../dev/run.ts";
import { inFolder } from "../folders.ts";
import { healthy, serveCommand, watched } from "../e2e/engine.ts";

const PAIRS = Number(Deno.env.get("VSCOPE_SCRAPE_PAIRS") ?? 20);
const WINDOW_SEC = Number(Deno.env.get("VSCOPE_SCRAPE_WINDOW") ?? 30);
/** Clock ticks in a second, as Linux has them. */
const TICKS = 100;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Seconds of a core that a process has taken. */
async function cpuSeconds(pid: number): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Milliseconds that a GET takes, each time `everyMs` has passed, until it is stopped. */
function answers(url: string, everyMs: number): { times: number[]; stop(): Promise<void> } {
  const times: number[] = [];
  let going = true;
  const done = (async () => {
    while (going) {
      const start = performance.now();
      const response = await fetch(url);
      await response.text();
      times.push(performance.now() - start);
      await sleep(Math.max(0, everyMs - (performance.now() - start)));
    }
  })();
  return {
    times,
    async stop() {
      going = false;
      await done;
    },
  };
}

/** What was seen in the windows of one kind. */
interface Seen {
  cpu: number[];
  health: number[];
  scrape: number[];
}

Deno.test("a scrape each second takes less than a hundredth of a busy server's tokens per second", async () => {
  const { argv, env, baseUrl } = await serveCommand();
  await inFolder(async (parent) => {
    const address = `127.0.0.1:${findFreePort()}`;
    const args = ["monitor", "--quiet", "--out", `${parent}/run`, "--metrics", address];
    const child = startVscope([...args, "--", ...argv], { env });
    const output = ended(child);
    await healthy(baseUrl, watched(child));
    const stop = new AbortController();
    const load = sendLoad({ baseUrl, concurrency: 8 }, stop.signal);
    const seen: Record<"on" | "off", Seen> = {
      on: { cpu: [], health: [], scrape: [] },
      off: { cpu: [], health: [], scrape: [] },
    };
    const pairs: Pair[] = [];
    try {
      await sleep(5000);
      while (pairs.length < PAIRS) {
        const pair: Pair = { on: NaN, off: NaN };
        const order = pairs.length % 2 === 0 ? ["on", "off"] as const : ["off", "on"] as const;
        for (const state of order) {
          const scrapes = state === "on" ? answers(`http://${address}/metrics`, 1000) : undefined;
          // The first scrape after a pause reads what came in it.
          await sleep(1500);
          const health = answers(`${baseUrl}/health`, 250);
          const [before, cpu] = [await generatedTokens(baseUrl), await cpuSeconds(child.pid)];
          const start = performance.now();
          await sleep(1000 * WINDOW_SEC);
          const tokens = await generatedTokens(baseUrl) - before;
          const seconds = (performance.now() - start) / 1000;
          pair[state] = tokens / seconds;
          seen[state].cpu.push((await cpuSeconds(child.pid) - cpu) / seconds);
          await health.stop();
          await scrapes?.stop();
          seen[state].health.push(...health.times);
          seen[state].scrape.push(...scrapes?.times ?? []);
        }
        pairs.push(pair);
      }
    } finally {
      stop.abort();
      await load;
      child.kill("SIGINT");
      await output;
    }
    const cost = costOf(pairs);
    const of = (values: number[]) => Samples.of(values).statistics();
    for (const state of ["on", "off"] as const) {
      const { cpu, health, scrape } = seen[state];
      const [share, late, took] = [of(cpu)!, of(health)!, of(scrape)];
      await say(
        `scrapes ${state}: ${
          of(pairs.map((pair) => pair[state]))!.mean.toFixed(1)
        } tokens/s, vscope ` +
          `${(100 * share.mean).toFixed(2)} % of a core; /health p50 ${late.p50.toFixed(0)} p99 ` +
          `${late.p99.toFixed(0)} max ${late.max.toFixed(0)} ms` +
          (took ? `; a scrape p50 ${took.p50.toFixed(0)} max ${took.max.toFixed(0)} ms` : ""),
      );
    }
    await say(`cost of scraping, ${PAIRS} pairs of ${WINDOW_SEC} s: ${JSON.stringify(cost)}`);
    // That it costs a hundredth is not shown; how narrow the interval is depends on the machine.
    assert.ok((cost.low_pct ?? cost.cost_pct) < 1, JSON.stringify({ cost, pairs }));
  });
});
