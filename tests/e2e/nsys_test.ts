import assert from "node:assert/strict";
import { ProcessTracker } from "../../kit/engine/system/process_table.ts";
import { heard, startVscope, vscope } from "../cli.ts";
import { until } from "../engine/processes.ts";
import { SECRET } from "../nvidia/tool_machine.ts";
import { complete, engine, serveCommand } from "./engine.ts";
import { withNsys } from "./with_nsys.ts";
import { opensInChromium } from "./page.ts";

/** Steps by vLLM's own names, each once per worker that ran it. */
async function stepsOf(dir: string): Promise<string[]> {
  const text = await Deno.readTextFile(`${dir}/nsys/steps`).catch(() => "");
  return text.split("\n").filter((name) => name.startsWith("execute_context_"));
}

/** What every bundle of the stand-in holds. */
async function checkBundle(out: string): Promise<Record<string, unknown>> {
  const { capture } = JSON.parse(await Deno.readTextFile(`${out}/bundle.json`));
  const { gpu } = JSON.parse(await Deno.readTextFile(`${out}/analysis.json`));
  assert.equal(gpu.kernel_count, 1216);
  assert.equal((await vscope(["bundle", "validate", out])).code, 0);
  for (const name of ["rep.sqlite", "bundle.json", "report.html", "analysis.json"]) {
    const text = new TextDecoder("latin1").decode(await Deno.readFile(`${out}/${name}`));
    assert.ok(!text.includes(SECRET) && !text.includes("vscope-planted-"), name);
  }
  return capture;
}

Deno.test("nsys records a real server between the profiler's start and stop; with --keep-serving it goes on until Ctrl-C", async () => {
  const { argv, env, baseUrl } = await serveCommand();
  await withNsys(async (dir, variables) => {
    const out = `${dir}/run`;
    const child = startVscope([
      ...["nsys", "--json", "--out", out, "--keep-serving", "--requests", "4"],
      ...["--prompt-tokens", "40", "--output-tokens", "8", "--", ...argv],
    ], { env: { ...env, ...variables } });
    const tracker = new ProcessTracker(crypto.randomUUID());
    tracker.watch(child.pid);
    const timer = setInterval(() => tracker.update(), 500);
    const { said, ended } = heard(child);
    const state = { ended: false };
    child.status.then(() => state.ended = true);
    await until("it serves on", 600_000, () => state.ended || /goes on until/.test(said.stderr));
    const answer = await complete(baseUrl, { prompt: "Still there?", max_tokens: 3 });
    if (!state.ended) child.kill("SIGINT");
    const ran = await ended;
    clearInterval(timer);
    assert.equal(ran.code, 0, ran.stderr);
    assert.ok(answer, "the server answers after the recording");
    await until("all have ended", 120_000, () => tracker.alive().length === 0);
    assert.equal(JSON.parse(ran.stdout).status, "complete");
    const capture = await checkBundle(out);
    assert.equal((capture["window"] as Record<string, unknown>)["ended"], "the load was answered");
    // Two prefills at least, of 4 requests, and a decode for each token but the first.
    const steps = await stepsOf(dir);
    assert.ok(steps.length >= 8 && steps.length < 60, steps.join("\n"));
    await opensInChromium(`${out}/report.html`, /nsys/);
  });
});

Deno.test("nsys records vllm bench latency: the call that was asked for, and no warm-up", async () => {
  const { vllm, model } = await engine();
  await withNsys(async (dir, variables) => {
    const out = `${dir}/run`;
    const ran = await vscope([
      ...["nsys", "--json", "--out", out, "--record-call", "3", "--", vllm, "bench", "latency"],
      ...["--model", model, "--load-format", "dummy", "--dtype", "bfloat16", "--enforce-eager"],
      // The benchmark takes token ids below 10,000.
      ...["--hf-overrides", '{"vocab_size": 10240}', "--max-model-len", "512"],
      ...["--num-gpu-blocks-override", "16", "--batch-size", "2"],
      ...["--input-len", "16", "--output-len", "6", "--num-iters-warmup", "2", "--num-iters", "2"],
    ], { env: variables });
    assert.equal(ran.code, 0, ran.stderr);
    const capture = await checkBundle(out);
    assert.deepEqual(
      [capture["by"], (capture["window"] as Record<string, unknown>)["ended"]],
      ["hook", "the call had ended"],
    );
    // One batch of the four: a prefill, and a decode for each token but the first; as many again where
    // the second request came when the first was done.
    const steps = await stepsOf(dir);
    assert.ok(steps.length >= 6 && steps.length <= 12, steps.join("\n"));
  });
});
