/**
 * `vscope sweep`: what each operator of a model costs at every shape.
 *
 * @module
 */

import { defineRecipe } from "../kit/contract/recipe.ts";
import { runAlone } from "../kit/engine/main.ts";
import { sweepOptions } from "../kit/sweep/options.ts";
import { notBuilt, planSweep } from "../kit/sweep/plan/plan.ts";
import { lookForSubject } from "../kit/sweep/plan/settings.ts";
import { withVerbosity } from "../kit/sweep/verbosity.ts";

/** The recipe. */
const recipe = defineRecipe({
  name: "sweep",
  summary: "operator-level sweep of one model: what would be measured (not yet the measuring)",
  description:
    "Plans the measurement of every operator of a model, at every shape that a simulator or a " +
    "capacity planner asks for: dense layers, layers per sequence, attention, experts, and decodes " +
    "of different lengths (skew). The bundle has the layout of LLMServingSim's profiler. What is " +
    "built is the plan (--dry-run) and the keys (--list); without either the recipe says so and " +
    "starts nothing.",
  options: sweepOptions,
  command: "none",
  examples: [
    {
      line: "vscope sweep --dry-run --model Qwen/Qwen3-0.6B --hardware H200 --tp-degrees 1",
      why: "how many shots, for how long",
    },
    {
      line: "vscope sweep --list attention --model Qwen/Qwen3-0.6B --assume-cache-tokens 500000",
      why: "the keys of a table, as CSV",
    },
  ],
  async look(values, context) {
    const subject = await lookForSubject(values, context);
    const { model, architecture } = subject;
    const { detail } = withVerbosity(context.output, values.verbosity);
    detail(`Read ${model.from} as ${model.id}, whose architecture is ${architecture.name}`);
    return subject;
  },
  plan: planSweep,
  run: notBuilt,
});

export default recipe;

if (import.meta.main) await runAlone(recipe);
