/** `vscope analyze` of the log of a real server, against what its client drove. */

import assert from "node:assert/strict";
import { systemContext } from "../../kit/engine/system/context.ts";
import { vscope } from "../cli.ts";
import { inFolder } from "../folders.ts";
import { complete, healthy, serveCommand } from "../e2e/engine.ts";

const ANSWER_TOKENS = [3, 9, 14, 6, 11];

Deno.test("the log of a server tells the iterations and requests that its client drove", async () => {
  await inFolder(async (dir) => {
    const log = `${dir}/vllm.log`;
    const { argv, env, baseUrl } = await serveCommand(
      "--enable-log-requests",
      "--enable-logging-iteration-details",
    );
    const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
    const server = await context.processes.start({
      argv,
      env: { ...env, VLLM_LOG_STATS_INTERVAL: "1" },
      stdoutPath: log,
      stderrPath: log,
    });
    const state = { ended: false };
    server.ended.then(() => state.ended = true);
    const usages: Usage[] = [];
    try {
      await healthy(baseUrl, state);
      // One after the other, then three at a time; each prompt differs, so that none is cached.
      for (const [place, max_tokens] of ANSWER_TOKENS.entries()) {
        const prompt = Array.from({ length: 20 + 7 * place }, (_, at) => 3 + 50 * place + at);
        usages.push(usageOf(await complete(baseUrl, { prompt, max_tokens, ignore_eos: true })));
      }
      const together = await Promise.all([0, 1, 2].map((place) => {
        const prompt = Array.from({ length: 30 }, (_, at) => 300 + 40 * place + at);
        return complete(baseUrl, { prompt, max_tokens: 12, ignore_eos: true });
      }));
      usages.push(...together.map(usageOf));
      // Until the line of statistics is written.
      await new Promise((resolve) => setTimeout(resolve, 2500));
    } finally {
      await server.end();
      await close();
    }
    const { code, stdout, stderr } = await vscope(["analyze", log, "--json"]);
    assert.deepEqual([code, stderr], [0, ""]);
    const told = JSON.parse(stdout);
    const sum = (pick: (usage: Usage) => number) =>
      usages.reduce((total, usage) => total + pick(usage), 0);
    assert.equal(told.kind, "vllm-log");
    assert.equal(told.iterations.context_tokens, sum(({ prompt_tokens }) => prompt_tokens));
    // The first token of an answer is made by the prefill.
    assert.equal(
      told.iterations.generation_tokens,
      sum(({ completion_tokens }) => completion_tokens - 1),
    );
    const alone = ANSWER_TOKENS.reduce((total, tokens) => total + tokens, 0);
    assert.ok(told.iterations.count - told.iterations.idle >= alone + 12);
    assert.equal(told.requests.count, usages.length);
    assert.equal(told.requests.engine_requests, usages.length);
    assert.deepEqual(
      told.http_responses.filter(({ path }: { path: string }) => path === "/v1/completions"),
      [{ method: "POST", path: "/v1/completions", status: 200, count: usages.length }],
    );
    assert.equal(told.kv_cache[0].max_concurrency > 1, true);
    assert.ok(told.throughput[0].lines >= 1);
    assert.equal(told.lines.unknown, 0);
    assert.equal(told.partial, undefined);
  });
});

interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
}

function usageOf(answer: Awaited<ReturnType<typeof complete>>): Usage {
  return answer!.usage as unknown as Usage;
}
