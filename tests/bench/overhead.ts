/**
 * What the hooks cost: tokens per second of one running engine, with the hooks at work and paused,
 * in turn.
 *
 * Windows of 10 s; the order within a pair changes from pair to pair; the interval is Student's,
 * over the logarithms of the pairs' ratios. `deno run -A tests/bench/overhead.ts [PAIRS]`
 *
 * @module
 */

import { pauseHooks } from "../../kit/bundle/session_folder.ts";
import { ended, startVscope } from "../cli.ts";
import { say } from "../dev/run.ts";
import { complete, healthy, serveCommand, watched } from "../e2e/engine.ts";

const WINDOW_MS = 10_000;
/** The hooks look for the pause every quarter of a second. */
const SETTLE_MS = 1000;
/** Two-sided 95 % quantile of Student's distribution for 29 degrees of freedom, the fewest allowed. */
const T_29 = 2.045;

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
const ratios: number[] = [];
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
    const found: Record<string, number> = {};
    for (const state of pair % 2 === 0 ? ["on", "off"] : ["off", "on"]) {
      if (state === "off") await pauseHooks(Deno, `${dir}/run`, true);
      found[state] = await tokensPerSecond(baseUrl);
      if (state === "off") await pauseHooks(Deno, `${dir}/run`, false);
    }
    const ratio = found["on"]! / found["off"]!;
    ratios.push(ratio);
    await say(
      `| ${pair + 1} | ${found["on"]!.toFixed(1)} | ${found["off"]!.toFixed(1)} | ${
        ratio.toFixed(4)
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
const logs = ratios.map(Math.log);
const mean = logs.reduce((a, b) => a + b, 0) / logs.length;
const deviation = Math.sqrt(
  logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (logs.length - 1),
);
const margin = T_29 * deviation / Math.sqrt(logs.length);
const cost = (log: number) => (100 * (1 - Math.exp(log))).toFixed(2);
await say(
  `\nThe hooks cost ${cost(mean)} % of tokens/s; 95 % interval ${cost(mean + margin)} % to ${
    cost(mean - margin)
  } %` +
    ` (${ratios.length} pairs of ${WINDOW_MS / 1000} s windows in one engine)`,
);
