/**
 * `vscope quick`: where the time of a model goes, in about five minutes.
 *
 * @module
 */

import { defineRecipe, type Recipe } from "../kit/contract/recipe.ts";
import { automationOptions } from "../kit/engine/automation/options.ts";
import { planAutomation } from "../kit/engine/automation/plan.ts";
import { runAutomation } from "../kit/engine/automation/run.ts";
import { runAlone } from "../kit/engine/main.ts";
import { generateReport } from "../kit/report/generate.ts";

const options = automationOptions("quick");

/**
 * The recipe.
 *
 * @example Its plan, from a program
 * ```ts
 * import assert from "node:assert/strict";
 * import { executeRecipe, systemContext } from "@vscope/vscope";
 * import quick from "@vscope/vscope/recipes/quick";
 *
 * const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
 * const args = ["--dry-run", "--model", "Qwen/Qwen3-0.6B"];
 * assert.equal(await executeRecipe(quick, args, context), 0);
 * await close();
 * ```
 */
const recipe: Recipe = defineRecipe({
  name: "quick",
  summary: "the automation: nsys around a load, analysis and report, in about five minutes",
  description:
    "Serves a model under nsys, sends it a bounded load, and makes one page of what was recorded: " +
    "prefill and decode, attention, FFN and experts, kernels, CUDA graphs, idle time and its causes, " +
    "with findings and advice. vLLM is started once. A run that was cut off goes on where it was when " +
    "the same command is given with the same --out. Arguments behind -- go to vllm serve.",
  options,
  command: "optional",
  rest: "ARGUMENTS OF vllm serve…",
  examples: [
    { line: "vscope quick --model Qwen/Qwen3-0.6B", why: "a model of the hub" },
    {
      line: "vscope quick --model ./model --load-format dummy -- --max-model-len 4096",
      why: "a folder with a config.json and no weights; what follows -- goes to vLLM",
    },
    { line: "vscope quick --model Qwen/Qwen3-0.6B --out run1 --resume", why: "on with a run" },
  ],
  plan: (values, invocation) => planAutomation("quick", values, invocation),
  run: (plan, context) =>
    runAutomation(context, plan, "quick", (dir) => generateReport(context.files, dir)),
});

export default recipe;

if (import.meta.main) await runAlone(recipe);
