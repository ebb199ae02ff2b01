/** A session of the tiny model on the real CPU vLLM, under a load that is the same each time. */

import assert from "node:assert/strict";
import { ended, startVscope } from "../cli.ts";
import { complete, healthy, serveCommand, watched } from "./engine.ts";

/** How much is asked of the server. */
export interface SteadyLoad {
  /** Requests at a time. */
  readonly senders: number;
  /** One after the other, of each sender. */
  readonly requests: number;
  readonly maxTokens: number;
}

/** Records a session of `vllm serve` to a folder; `more` is added to vLLM's own flags. */
export async function recordSession(
  dir: string,
  { senders, requests, maxTokens }: SteadyLoad,
  ...more: string[]
): Promise<void> {
  const { argv, env, baseUrl } = await serveCommand("--num-gpu-blocks-override", "80", ...more);
  // One thread computes: two would fight with the API server and all else for the cores.
  const child = startVscope(["monitor", "--quiet", "--out", dir, "--", ...argv], {
    env: { ...env, VLLM_CPU_OMP_THREADS_BIND: "0" },
  });
  const output = ended(child);
  try {
    await healthy(baseUrl, watched(child));
    const ask = async (prompt: string, tokens = maxTokens) => {
      const body = { prompt, max_tokens: tokens, ignore_eos: true };
      assert.ok(await complete(baseUrl, body), "a request was not answered");
    };
    await ask("warm up", 4);
    await Promise.all(Array.from({ length: senders }, async (_, sender) => {
      for (let n = 0; n < requests; n++) {
        await ask(`${n} of ${sender}: ${"where does the time go ".repeat(4)}`);
      }
    }));
  } finally {
    child.kill("SIGINT");
  }
  const { code, stderr } = await output;
  assert.ok(code === 130 || code === 0, stderr);
}
