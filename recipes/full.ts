/**
 * `vscope full`: all that vscope can tell of a model: nsys, its experts, and with --with-ncu its kernels.
 *
 * @module
 */

import { defineRecipe, type Recipe } from "../kit/contract/recipe.ts";
import { automationOptions } from "../kit/engine/automation/options.ts";
import { planAutomation } from "../kit/engine/automation/plan.ts";
import { runAutomation } from "../kit/engine/automation/run.ts";
import { runAlone } from "../kit/engine/main.ts";
import { generateReport } from "../kit/report/generate.ts";

const options = automationOptions("full");

/**
 * The recipe.
 *
 * @example Its plan, from a program
 * ```ts
 * import assert from "node:assert/strict";
 * import { executeRecipe, systemContext } from "@vscope/vscope";
 * import full from "@vscope/vscope/recipes/full";
 *
 * const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
 * const args = ["--dry-run", "--with-ncu", "--model", "Qwen/Qwen3-0.6B"];
 * assert.equal(await executeRecipe(full, args, context), 0);
 * await close();
 * ```
 */
const recipe: Recipe = defineRecipe({
  name: "full",
  summary: "the automation in full: nsys, experts, with --with-ncu kernels, and one report",
  description:
    "Does what quick does, then tracks the experts if the model has some, and with --with-ncu measures " +
    "kernels against the device's peaks: one page, and a bundle of its own for each part. A part that " +
    "fails keeps no other from being done, and a run that was cut off goes on where it was when the " +
    "same command is given with the same --out. Arguments behind -- go to vllm serve.",
  options,
  command: "optional",
  rest: "ARGUMENTS OF vllm serve…",
  examples: [
    { line: "vscope full --model Qwen/Qwen3-30B-A3B", why: "with its experts" },
    { line: "vscope full --with-ncu --model Qwen/Qwen3-0.6B", why: "with its kernels" },
    {
      line: "vscope full --mode moe --model Qwen/Qwen3-30B-A3B -- --enforce-eager",
      why: "the experts alone, without nsys",
    },
  ],
  plan: (values, invocation) => planAutomation("full", values, invocation),
  run: (plan, context) =>
    runAutomation(context, plan, "full", (dir) => generateReport(context.files, dir)),
});

export default recipe;

if (import.meta.main) await runAlone(recipe);
