/**
 * `vscope metal`: a Metal frame capture of vLLM on Apple Silicon.
 *
 * @module
 */

import { defineRecipe, type Recipe } from "../kit/contract/recipe.ts";
import { runAlone } from "../kit/engine/main.ts";
import { metalOptions } from "../kit/engine/metal/options.ts";
import { planMetal } from "../kit/engine/metal/plan.ts";
import { runMetal } from "../kit/engine/metal/run.ts";
import { generateReport } from "../kit/report/generate.ts";

/**
 * The recipe.
 *
 * @example Its plan, from a program
 * ```ts
 * import assert from "node:assert/strict";
 * import { executeRecipe, systemContext } from "@vscope/vscope";
 * import metal from "@vscope/vscope/recipes/metal";
 *
 * const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
 * const args = ["--dry-run", "--model", "Qwen/Qwen3-0.6B"];
 * assert.equal(await executeRecipe(metal, args, context), 0);
 * await close();
 * ```
 */
const recipe: Recipe = defineRecipe({
  name: "metal",
  summary: "Apple Silicon: a Metal frame capture around a bounded request",
  description:
    "Starts vLLM with vllm-metal so that Metal may capture frames, sends one short request between " +
    "the start and the stop of a capture, waits until the .gputrace is whole, and verifies it. Xcode " +
    "then shows the time, bandwidth and occupancy of each kernel. The machine, Xcode, disk and " +
    "memory are looked at before anything starts. Works with a server that it starts, with one that " +
    "runs (--url), or without a server (--offline).",
  options: metalOptions,
  command: "optional",
  examples: [
    { line: "vscope metal --model Qwen/Qwen3-0.6B", why: "a quick capture, with a server for it" },
    {
      line: "vscope metal --captures 2 -- vllm serve Qwen/Qwen3-0.6B --max-model-len 2048",
      why: "two captures of a server with options of its own",
    },
    {
      line: "vscope metal --url http://127.0.0.1:8000 --trace-dir /tmp/metal-trace",
      why: "a capture from a server that runs",
    },
    { line: "vscope metal --offline --model Qwen/Qwen3-0.6B --open", why: "no server; then Xcode" },
  ],
  plan: planMetal,
  async run(plan, context) {
    const outcome = await runMetal(context, plan);
    const { path } = await generateReport(context.files, plan.out);
    context.output.note(`How to read it: open ${path} in a browser`);
    return { ...outcome, json: { ...outcome.json, report: path } };
  },
});

export default recipe;

if (import.meta.main) await runAlone(recipe);
