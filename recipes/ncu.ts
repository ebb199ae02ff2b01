/**
 * `vscope ncu`: Nsight Compute on chosen kernels of vLLM, and what it says.
 *
 * @module
 */

import { defineRecipe, type Recipe } from "../kit/contract/recipe.ts";
import { runAlone } from "../kit/engine/main.ts";
import { ncuOptions } from "../kit/engine/ncu/options.ts";
import { planNcu } from "../kit/engine/ncu/plan.ts";
import { runNcu } from "../kit/engine/ncu/run.ts";
import { withReportAndGui } from "../kit/report/capture_report.ts";

/**
 * The recipe.
 *
 * @example Its plan, from a program
 * ```ts
 * import assert from "node:assert/strict";
 * import { executeRecipe, systemContext } from "@vscope/vscope";
 * import ncu from "@vscope/vscope/recipes/ncu";
 *
 * const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
 * const args = ["--dry-run", "--", "vllm", "serve", "Qwen/Qwen3-0.6B"];
 * assert.equal(await executeRecipe(ncu, args, context), 0);
 * await close();
 * ```
 */
const recipe: Recipe = defineRecipe({
  name: "ncu",
  summary: "NVIDIA's ncu on chosen kernels: bandwidth, occupancy, roofline",
  description:
    "Starts vLLM under ncu (NVIDIA Nsight Compute), which runs each launch of chosen kernels again " +
    "and again to read the GPU's counters: bytes and operations a second against their peaks, " +
    "occupancy, the roofline, by kernel and by kind of work. Measuring is bounded in launches and in " +
    "time, and is done between a start and a stop of vLLM's own profiler around a few requests. vLLM " +
    "runs eager and with a small KV cache meanwhile, unless the command says otherwise.",
  options: ncuOptions,
  command: "required",
  examples: [
    { line: "vscope ncu -- vllm serve Qwen/Qwen3-0.6B", why: "the first launches of a prefill" },
    {
      line:
        "vscope ncu --category attention,ffn --delay-iterations 2 -- vllm serve Qwen/Qwen3-0.6B",
      why: "two kinds of work, in decodes",
    },
    {
      line: "vscope ncu --kernels 'nvjet|gemm' --skip 100 --count 20 -- vllm serve Qwen/Qwen3-0.6B",
      why: "by name",
    },
    {
      line: "vscope ncu --filter-mode per-launch-config --count 1 -- python offline.py",
      why: "one launch of every shape, in the first LLM.generate of a script",
    },
  ],
  plan: planNcu,
  async run(plan, context) {
    return await withReportAndGui(context, await runNcu(context, plan), "the launches");
  },
});

export default recipe;

if (import.meta.main) await runAlone(recipe);
