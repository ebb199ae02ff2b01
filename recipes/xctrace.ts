/**
 * `vscope xctrace`: a whole-process recording of vLLM on Apple Silicon with Instruments.
 *
 * @module
 */

import { defineRecipe, type Recipe } from "../kit/contract/recipe.ts";
import { runAlone } from "../kit/engine/main.ts";
import { xctraceOptions } from "../kit/engine/xctrace/options.ts";
import { planXctrace } from "../kit/engine/xctrace/plan.ts";
import { runXctrace } from "../kit/engine/xctrace/run.ts";
import { generateReport } from "../kit/report/generate.ts";

/**
 * The recipe.
 *
 * @example Its plan, from a program
 * ```ts
 * import assert from "node:assert/strict";
 * import { executeRecipe, systemContext } from "@vscope/vscope";
 * import xctrace from "@vscope/vscope/recipes/xctrace";
 *
 * const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
 * const args = ["--dry-run", "--requests", "40", "--model", "Qwen/Qwen3-0.6B"];
 * assert.equal(await executeRecipe(xctrace, args, context), 0);
 * await close();
 * ```
 */
const recipe: Recipe = defineRecipe({
  name: "xctrace",
  summary: "Apple Silicon: a whole-process trace with Instruments",
  description:
    "Records vLLM with Instruments' Metal System Trace: how busy the GPU is, what the CPU does, how " +
    "warm the machine gets, over a run of any length. The recording ends at --time-limit, when " +
    "--requests are answered, or with Ctrl-C; its tables are then read into figures and a report. " +
    "It does not time single kernels: vscope metal does.",
  options: xctraceOptions,
  command: "optional",
  examples: [
    {
      line: "vscope xctrace --requests 40 --model Qwen/Qwen3-0.6B",
      why: "a server, 40 requests, and the end",
    },
    {
      line: "vscope xctrace --time-limit 2m -- vllm serve Qwen/Qwen3-0.6B",
      why: "two minutes of a server; you send the requests",
    },
    { line: "vscope xctrace --pid 4242", why: "a process that runs, until Ctrl-C" },
  ],
  plan: planXctrace,
  async run(plan, context) {
    const outcome = await runXctrace(context, plan);
    const { path } = await generateReport(context.files, plan.out);
    context.output.note(`The figures: open ${path} in a browser`);
    return { ...outcome, json: { ...outcome.json, report: path } };
  },
});

export default recipe;

if (import.meta.main) await runAlone(recipe);
