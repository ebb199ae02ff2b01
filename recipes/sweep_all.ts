/**
 * `vscope sweep-all`: the operators of many models, one sweep after the other.
 *
 * @module
 */

import { defineRecipe, type Recipe } from "../kit/contract/recipe.ts";
import { runAlone } from "../kit/engine/main.ts";
import { runOnFleet } from "../kit/engine/fleet/run.ts";
import { runSweepAll } from "../kit/engine/sweep/batch/run.ts";
import { sweepAllOptions } from "../kit/sweep/batch/options.ts";
import { lookForBatch, planBatch } from "../kit/fleet/batch_plan.ts";

/**
 * The recipe.
 *
 * @example Its plan, from a program
 * ```ts
 * import assert from "node:assert/strict";
 * import { executeRecipe, systemContext } from "@vscope/vscope";
 * import sweepAll from "@vscope/vscope/recipes/sweep-all";
 *
 * const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
 * const args = ["--dry-run", "--hardware", "H200", "Qwen/Qwen3-0.6B"];
 * assert.equal(await executeRecipe(sweepAll, args, context), 0);
 * await close();
 * ```
 */
const recipe: Recipe = defineRecipe({
  name: "sweep-all",
  summary: "operator-level sweeps of many models, TP degrees and variants",
  description:
    "Runs vscope sweep for each model of a list, at each TP degree and in each variant, and goes on " +
    "with the others where one fails. Sweeps that are whole are left as they are: the same command " +
    "goes on where a batch was cut off. Without a list it takes the models of LLMServingSim's " +
    "profile-all.sh. A table at the end tells what became of each. With --on each model at each TP " +
    "degree is a job on a Ray cluster.",
  options: sweepAllOptions,
  command: "none",
  operands: [{
    name: "MODEL",
    doc: "Models to measure, as --model of sweep takes them, or - for a list on standard input",
    required: false,
    many: true,
  }],
  examples: [
    {
      line: "vscope sweep-all --hardware H200 --time-budget 2h",
      why: "the usual three models at TP 1 and 2; run it again to go on",
    },
    {
      line: "vscope sweep-all Qwen/Qwen3-0.6B meta-llama/Llama-3.1-8B --hardware H200 " +
        "--tp-degrees 1,2,4 --variants bf16,fp8-kvfp8",
      why: "two models in two variants",
    },
    {
      line: "vscope sweep-all --models models.yaml --hardware H200 --dry-run",
      why: "what a list would measure, and for how long",
    },
    {
      line: "vscope sweep-all --models models.yaml --on http://HOST:8265 " +
        "--hardware H100=ray:accelerator_type:H100",
      why: "on the H100s of a Ray cluster",
    },
    {
      line: "vscope sweep-all --models models.yaml --on http://HOST:8265 " +
        "--hardware H100=ray:accelerator_type:H100 --hardware A100=ray:accelerator_type:A100",
      why: "on two kinds of its nodes",
    },
  ],
  look: lookForBatch,
  plan: planBatch,
  run: (plan, context) =>
    plan.values.on === undefined ? runSweepAll(plan, context) : runOnFleet(plan, context),
});

export default recipe;

if (import.meta.main) await runAlone(recipe);
