/**
 * `vscope torch`: vLLM's own torch profiler around real requests, and what its trace says.
 *
 * @module
 */

import type { RunContext } from "../kit/contract/context.ts";
import type { Options } from "../kit/contract/option.ts";
import { defineRecipe, type Outcome, type Plan, type Recipe } from "../kit/contract/recipe.ts";
import { runAlone } from "../kit/engine/main.ts";
import { runAttached } from "../kit/engine/torch/attach.ts";
import { runLaunched } from "../kit/engine/torch/launch.ts";
import { runOffline } from "../kit/engine/torch/offline.ts";
import { torchOptions } from "../kit/engine/torch/options.ts";
import { formOf, planTorch } from "../kit/engine/torch/plan.ts";
import { readManifest } from "../kit/bundle/manifest_file.ts";
import { generateReport } from "../kit/report/generate.ts";

const FORMS = { server: runLaunched, attached: runAttached, offline: runOffline };

/**
 * The recipe.
 *
 * @example Its plan, from a program
 * ```ts
 * import assert from "node:assert/strict";
 * import { executeRecipe, systemContext } from "@vscope/vscope";
 * import torch from "@vscope/vscope/recipes/torch";
 *
 * const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
 * const args = ["--dry-run", "--", "vllm", "serve", "Qwen/Qwen3-0.6B"];
 * assert.equal(await executeRecipe(torch, args, context), 0);
 * await close();
 * ```
 */
const recipe: Recipe = defineRecipe({
  name: "torch",
  summary: "torch profiler around real requests, over HTTP or offline",
  description:
    "Records a bounded window of vLLM with its own torch profiler: a server that it starts, one " +
    "that runs (--url), or a program that uses LLM(). It configures the profiler for the vLLM that " +
    "is there, sends requests or waits for yours, stops after so many steps, seconds or bytes, waits " +
    "until each rank has written its trace, and analyses them. Profiling slows inference down: use " +
    "it where nobody else depends on the engine.",
  options: torchOptions,
  command: "optional",
  examples: [
    { line: "vscope torch -- vllm serve Qwen/Qwen3-0.6B", why: "a server, from start to end" },
    { line: "vscope torch --url http://127.0.0.1:8000", why: "a server that has a profiler" },
    { line: "vscope torch -- python offline.py", why: "the first LLM.generate of a script" },
    { line: "vscope torch --model Qwen/Qwen3-0.6B", why: "the built-in offline example" },
    {
      line: 'vscope torch --bench "--profile --dataset-name random --num-prompts 8" -- ' +
        "vllm serve Qwen/Qwen3-0.6B",
      why: "with vLLM's own benchmark as the load",
    },
  ],
  plan: planTorch,
  async run(plan, context) {
    const form = formOf(plan.values, plan.invocation.command);
    const outcome = await FORMS[form](
      context,
      plan as unknown as Plan<Options> & { values: typeof plan.values },
    );
    return await withReport(context, outcome);
  },
});

/** Analyses what was captured, and says what to open. */
async function withReport(context: RunContext, outcome: Outcome): Promise<Outcome> {
  const { bundle } = outcome;
  if (bundle === undefined) return outcome;
  const { path: report } = await generateReport(context.files, bundle);
  const manifest = await readManifest(context.files, bundle);
  const trace = manifest?.capture?.["open_in_perfetto"];
  const perfetto = trace === undefined ? undefined : `${bundle}/${trace}`;
  if (perfetto !== undefined) {
    context.output.note(
      `Open in https://ui.perfetto.dev, as it is, without unpacking: ${perfetto}`,
    );
  }
  context.output.note(`Open in a browser: ${report}`);
  return {
    ...outcome,
    json: { ...outcome.json, report, ...(perfetto === undefined ? {} : { trace: perfetto }) },
    text: report,
  };
}

export default recipe;

if (import.meta.main) await runAlone(recipe);
