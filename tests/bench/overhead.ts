/**
 * What the hooks cost: tokens per second of one running engine, with the hooks at work and paused,
 * in turn.
 *
 * Windows of 10 s; the order within a pair changes from pair to pair; the interval is Student's,
 * over the logarithms of the pairs' ratios. `deno run -A tests/bench/overhead.ts [PAIRS]`
 *
 * @module
 */

import { costOf, type Pair } from "../../kit/engine/session/overhead.ts";
import { pauseHooks } from "../../kit/bundle/session/session_folder.ts";
import { ended, startVscope } from "../cli.ts";
import { say } from "../dev/run.ts";
import { complete, healthy, serveCommand, watched } from "../e2e/engine.ts";

const WINDOW_MS = 10_000;
/** The hooks look for the pause every quarter of a second. */
const SETTLE_MS = 1000;

const pairs = Number(Deno.args[0] ?? 30);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function generatedTokens(baseUrl: string): Promise<number> {
  const text = await (await fetch(`${baseUrl}/metrics`)).text();
  return Number(/^vllm:generation_tokens_total\{.*\} (\S+)$/m.exec(text)![1]);
}

async function tokensPerSecond(baseUrl: string): Promise<number> {
  await sleep(SETTLE_MS);
  const [before, start] = [await generatedTokens(baseUrl), performance.now()];
  await sleep(WINDOW_MS);
  const tokens = await generatedTokens(baseUrl) - before;
  return 1000 * tokens / (performance.now() - start);
}

const dir = await Deno.makeTempDir({ prefix: "vscope-bench-" });
const { argv, env, baseUrl } = await serveCommand("--num-gpu-blocks-override", "80");
// One thread computes: two would fight with the engine and the API server for the cores.
const child = startVscope(["monitor", "--quiet", "--out", `${dir}/run`, "--", ...argv], {
  env: { ...env, VLLM_CPU_OMP_THREADS_BIND: "0" },
});
const measured: Pair[] = [];
const stop = new AbortController();
try {
  await healthy(baseUrl, watched(child));
  const senders = Array.from({ length: 8 }, async (_, n) => {
    while (!stop.signal.aborted) {
      await complete(
        baseUrl,
        { prompt: `token ${n}`, max_tokens: 900, ignore_eos: true },
        stop.signal,
      );
    }
  });
  await sleep(5000);
  await say("| pair | hooks on, tokens/s | hooks off, tokens/s | on / off |\n|---|---|---|---|");
  for (let pair = 0; pair < pairs; pair++) {
    const found: Pair = { on: NaN, off: NaN };
    for (const state of pair % 2 === 0 ? ["on", "off"] as const : ["off", "on"] as const) {
      if (state === "off") await pauseHooks(Deno, `${dir}/run`, true);
      found[state] = await tokensPerSecond(baseUrl);
      if (state === "off") await pauseHooks(Deno, `${dir}/run`, false);
    }
    measured.push(found);
    await say(
      `| ${pair + 1} | ${found.on.toFixed(1)} | ${found.off.toFixed(1)} | ${
        (found.on / found.off).toFixed(4)
      } |`,
    );
  }
  stop.abort();
  await Promise.all(senders);
} finally {
  stop.abort();
  child.kill("SIGINT");
  await ended(child);
  await Deno.remove(dir, { recursive: true });
}
const { cost_pct, low_pct, high_pct } = costOf(measured);
await say(
  `\nThe hooks cost ${cost_pct} % of tokens/s; 95 % interval ${low_pct} % to ${high_pct} %` +
    ` (${measured.length} pairs of ${WINDOW_MS / 1000} s windows in one engine)`,
);
