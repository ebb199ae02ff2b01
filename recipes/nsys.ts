/**
 * `vscope nsys`: Nsight Systems around vLLM, with a bounded recording, and what it says.
 *
 * @module
 */

import { defineRecipe, type Recipe } from "../kit/contract/recipe.ts";
import { runAlone } from "../kit/engine/main.ts";
import { nsysOptions } from "../kit/engine/nsys/options.ts";
import { planNsys } from "../kit/engine/nsys/plan.ts";
import { runNsys } from "../kit/engine/nsys/run.ts";
import { withReportAndGui } from "../kit/report/capture_report.ts";

/**
 * The recipe.
 *
 * @example Its plan, from a program
 * ```ts
 * import assert from "node:assert/strict";
 * import { executeRecipe, systemContext } from "@vscope/vscope";
 * import nsys from "@vscope/vscope/recipes/nsys";
 *
 * const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
 * const args = ["--dry-run", "--", "vllm", "serve", "Qwen/Qwen3-0.6B"];
 * assert.equal(await executeRecipe(nsys, args, context), 0);
 * await close();
 * ```
 */
const recipe: Recipe = defineRecipe({
  name: "nsys",
  summary: "NVIDIA's nsys around a server or a program, with a bounded recording",
  description:
    "Starts vLLM under nsys (NVIDIA Nsight Systems) so that every rank is recorded and little else: " +
    "without CPU sampling, and between a start and a stop of vLLM's own profiler around real " +
    "requests. The report is exported to SQLite, the environments that nsys writes into its files " +
    "are taken out of it, and it is analysed. --delay and --duration record by the clock instead; " +
    "vscope nsys stop ends a recording from another terminal.",
  options: nsysOptions,
  command: "required",
  examples: [
    { line: "vscope nsys -- vllm serve Qwen/Qwen3-0.6B", why: "a server, its load recorded" },
    {
      line: "vscope nsys --delay 90 --duration 60 --no-load -- vllm serve Qwen/Qwen3-0.6B",
      why: "by the clock, around requests of yours; the server ends with it",
    },
    { line: "vscope nsys stop", why: "ends the recording, from another terminal" },
    { line: "vscope nsys -- python offline.py", why: "the first LLM.generate of a script" },
    {
      line: "vscope nsys --record-call 4 -- vllm bench latency --model Qwen/Qwen3-0.6B " +
        "--num-iters-warmup 3 --num-iters 1",
      why: "vLLM's benchmark, without its warm-up",
    },
  ],
  commands: [{
    name: "stop",
    summary: "ends a recording of nsys: nsys stop [SESSION]",
    load: () => import("../kit/engine/nsys/stop.ts"),
  }],
  plan: planNsys,
  async run(plan, context) {
    return await withReportAndGui(context, await runNsys(context, plan), "the timeline");
  },
});

export default recipe;

if (import.meta.main) await runAlone(recipe);
