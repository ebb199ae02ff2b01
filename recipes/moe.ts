/**
 * `vscope moe -- vllm serve …`: `monitor` with expert tracking in depth.
 *
 * @module
 */

import { defineRecipe, type Recipe } from "../kit/contract/recipe.ts";
import {
  EXPECTED_EXPERTS,
  expertOptions,
  planExperts,
} from "../kit/engine/session/expert_session.ts";
import { runAlone } from "../kit/engine/main.ts";
import { planWatched } from "../kit/engine/vllm_metrics/measuring_plan.ts";
import { commandOptions, runWatched } from "../kit/engine/session/watched_command.ts";

/**
 * The recipe.
 *
 * @example Its plan, from a program
 * ```ts
 * import assert from "node:assert/strict";
 * import { executeRecipe, systemContext } from "@vscope/vscope";
 * import moe from "@vscope/vscope/recipes/moe";
 *
 * const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
 * const args = ["--dry-run", "--", "vllm", "serve", "Qwen/Qwen3-30B-A3B"];
 * assert.equal(await executeRecipe(moe, args, context), 0);
 * await close();
 * ```
 */
const recipe: Recipe = defineRecipe({
  name: "moe",
  summary: "monitor with expert tracking in depth",
  description:
    "Runs a vLLM server, or a Python script that uses vLLM, and counts which experts its routers " +
    "choose: load of every expert, pairs chosen together, routing weights, imbalance over time. " +
    "Choices are counted on the device, in replayed CUDA graphs too. All that monitor records is " +
    "in the bundle as well. A model without experts leaves a partial bundle.",
  options: {
    ...commandOptions,
    ...expertOptions,
  },
  command: "required",
  examples: [
    { line: "vscope moe -- vllm serve Qwen/Qwen3-30B-A3B", why: "a server, until Ctrl-C" },
    { line: "vscope moe --out run1 -- python offline.py", why: "a script, into folder run1" },
  ],
  plan: (values, invocation) => planWatched(planExperts(values, invocation), values),
  run: (plan, context) => runWatched(context, "moe", plan, EXPECTED_EXPERTS),
});

export default recipe;

if (import.meta.main) await runAlone(recipe);
