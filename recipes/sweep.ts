/**
 * `vscope sweep`: what each operator of a model costs at every shape.
 *
 * @module
 */

import { UsageError } from "../kit/contract/errors.ts";
import { defineRecipe, type Recipe } from "../kit/contract/recipe.ts";
import { runAlone } from "../kit/engine/main.ts";
import { runDraft } from "../kit/engine/sweep/draft/run.ts";
import { runSweep } from "../kit/engine/sweep/run.ts";
import { generateReport } from "../kit/report/generate.ts";
import { lookForDraft, planDraft } from "../kit/sweep/draft/plan.ts";
import { sweepOptions } from "../kit/sweep/options.ts";
import { planSweep } from "../kit/sweep/plan/plan.ts";
import { lookForSubject } from "../kit/sweep/plan/settings.ts";
import { withVerbosity } from "../kit/sweep/verbosity.ts";

/**
 * The recipe.
 *
 * @example Its plan, from a program
 * ```ts
 * import assert from "node:assert/strict";
 * import { executeRecipe, systemContext } from "@vscope/vscope";
 * import sweep from "@vscope/vscope/recipes/sweep";
 *
 * const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
 * const args = ["--dry-run", "--model", "Qwen/Qwen3-0.6B", "--hardware", "H200"];
 * assert.equal(await executeRecipe(sweep, args, context), 0);
 * await close();
 * ```
 */
const recipe: Recipe = defineRecipe({
  name: "sweep",
  summary: "operator-level sweep of one model: what each operator costs at every shape",
  description:
    "Measures every operator of a model in a real vLLM with one layer and dummy weights, at every " +
    "shape that a simulator or a capacity planner asks for: dense layers, layers per sequence, " +
    "attention, experts, and decodes of different lengths (skew). The bundle has the layout of " +
    "LLMServingSim's profiler. Every shot is kept as it is done: the same command goes on where a " +
    "sweep was cut off.",
  options: sweepOptions,
  command: "none",
  examples: [
    {
      line: "vscope sweep --model Qwen/Qwen3-0.6B --hardware H200 --tp-degrees 1 --time-budget 9m",
      why: "measure for at most nine minutes; run it again to go on",
    },
    {
      line: "vscope sweep --dry-run --model Qwen/Qwen3-0.6B --hardware H200 --tp-degrees 1",
      why: "how many shots, for how long",
    },
    {
      line: "vscope sweep --list attention --model Qwen/Qwen3-0.6B --assume-cache-tokens 500000",
      why: "the keys of a table, as CSV",
    },
    {
      line: "vscope sweep --draft-architecture --model allenai/OLMo-2-0425-1B " +
        "--out configs/architecture/olmo2.yaml",
      why: "which modules of an unknown kind of model are its layers",
    },
  ],
  async look(values, context) {
    if (values.draftArchitecture && values.list !== undefined) {
      throw new UsageError(
        "Cannot run sweep: --list and --draft-architecture are both given, of which one starts nothing and " +
          "the other an engine; give one",
      );
    }
    if (values.draftArchitecture) return await lookForDraft(values, context);
    const subject = await lookForSubject(values, context);
    const { model, architecture } = subject;
    const { detail } = withVerbosity(context.output, values.verbosity);
    detail(`Read ${model.from} as ${model.id}, whose architecture is ${architecture.name}`);
    return subject;
  },
  plan: (values, invocation) =>
    (values.draftArchitecture ? planDraft : planSweep)(values, invocation),
  async run(plan, context) {
    if (plan.values.draftArchitecture) return await runDraft(plan, context);
    const outcome = await runSweep(plan, context);
    if (outcome.bundle === undefined) return outcome;
    const { path: report } = await generateReport(context.files, outcome.bundle);
    withVerbosity(context.output, plan.values.verbosity).note(`Open in a browser: ${report}`);
    return { ...outcome, json: { ...outcome.json, report } };
  },
});

export default recipe;

if (import.meta.main) await runAlone(recipe);
