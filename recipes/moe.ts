/**
 * `vscope moe -- vllm serve …`: `monitor` with expert tracking in depth.
 *
 * @module
 */

import { integer } from "../kit/contract/options.ts";
import { defineRecipe } from "../kit/contract/recipe.ts";
import { runAlone } from "../kit/engine/main.ts";
import { planSession } from "../kit/engine/session_plan.ts";
import { commandOptions, runWatched } from "../kit/engine/watched_command.ts";

/** The recipe. */
const recipe = defineRecipe({
  name: "moe",
  summary: "monitor with expert tracking in depth",
  description:
    "Runs a vLLM server, or a Python script that uses vLLM, and counts which experts its routers " +
    "choose: load of every expert, pairs chosen together, routing weights, imbalance over time. " +
    "Choices are counted on the device, in replayed CUDA graphs too. All that monitor records is " +
    "in the bundle as well. A model without experts leaves a partial bundle.",
  options: {
    ...commandOptions,
    profilingLogInterval: integer({
      env: "VLLM_PROFILING_LOG_INTERVAL",
      default: 25,
      min: 1,
      unit: "operations",
      doc: "Forward passes between two samples of the imbalance; totals do not depend on it",
    }),
    expertSampleTokens: integer({
      env: "VSCOPE_EXPERT_SAMPLE_TOKENS",
      default: 64,
      min: 1,
      max: 1024,
      unit: "tokens",
      doc: "Tokens whose routing weights are kept one by one, a uniform sample of all",
    }),
  },
  command: "required",
  examples: [
    { line: "vscope moe -- vllm serve Qwen/Qwen3-30B-A3B", why: "a server, until Ctrl-C" },
    { line: "vscope moe --out run1 -- python offline.py", why: "a script, into folder run1" },
  ],
  plan: (values, invocation) =>
    planSession(values, invocation, {
      argv: invocation.command,
      env: { VSCOPE_EXPERT_SAMPLE_TOKENS: String(values.expertSampleTokens) },
    }),
  run: (plan, context) =>
    runWatched(context, "moe", plan, {
      file: "moe_totals.json",
      otherwise:
        "No router of a mixture-of-experts layer was counted: the model has none, or its " +
        "hooks are absent (see hooks in bundle.json)",
    }),
});

export default recipe;

if (import.meta.main) await runAlone(recipe);
