/**
 * `vscope ncu`: Nsight Compute on chosen kernels of vLLM, and what it says.
 *
 * @module
 */

import { defineRecipe } from "../kit/contract/recipe.ts";
import { readManifest } from "../kit/bundle/manifest_file.ts";
import { runAlone } from "../kit/engine/main.ts";
import { ncuOptions } from "../kit/engine/ncu/options.ts";
import { planNcu } from "../kit/engine/ncu/plan.ts";
import { runNcu } from "../kit/engine/ncu/run.ts";
import { generateReport } from "../kit/report/generate.ts";

/** The recipe. */
const recipe = defineRecipe({
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
    const outcome = await runNcu(context, plan);
    const { bundle } = outcome;
    if (bundle === undefined) return outcome;
    const { path: report } = await generateReport(context.files, bundle);
    const open = (await readManifest(context.files, bundle))?.capture?.["open_with"];
    if (typeof open === "string") context.output.note(`Open the launches in the GUI: ${open}`);
    context.output.note(`Open in a browser: ${report}`);
    return {
      ...outcome,
      json: { ...outcome.json, report, ...(typeof open === "string" ? { open_with: open } : {}) },
      text: report,
    };
  },
});

export default recipe;

if (import.meta.main) await runAlone(recipe);
