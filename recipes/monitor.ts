/**
 * `vscope monitor -- vllm serve …`: any vLLM command with the session profilers in it.
 *
 * @module
 */

import { defineRecipe, type Recipe } from "../kit/contract/recipe.ts";
import { runAlone } from "../kit/engine/main.ts";
import { monitorOptions, planMonitor } from "../kit/engine/fleet/monitor_plan.ts";
import { runOnCluster } from "../kit/engine/fleet/monitor_run.ts";
import { runWatched } from "../kit/engine/session/watched_command.ts";

/**
 * The recipe.
 *
 * @example Its plan, from a program
 * ```ts
 * import assert from "node:assert/strict";
 * import { executeRecipe, systemContext } from "@vscope/vscope";
 * import monitor from "@vscope/vscope/recipes/monitor";
 *
 * const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
 * const args = ["--dry-run", "--", "vllm", "serve", "Qwen/Qwen3-0.6B"];
 * assert.equal(await executeRecipe(monitor, args, context), 0);
 * await close();
 * ```
 */
const recipe: Recipe = defineRecipe({
  name: "monitor",
  summary: "any vLLM command with the session profilers",
  description:
    "Runs a vLLM server, or a Python script that uses vLLM, with profilers in every one of its " +
    "processes, and leaves a session bundle: forward passes, CUDA graphs, batches, KV cache, " +
    "experts, encoders, CPU operations and the life of each request. vLLM itself is not changed. Ctrl-C ends vLLM and closes the " +
    "bundle; while it runs, vscope report reads what there is. With --on the command is a job on a Ray " +
    "cluster, and the hooks reach the workers on all nodes.",
  options: monitorOptions,
  command: "required",
  examples: [
    { line: "vscope monitor -- vllm serve Qwen/Qwen3-0.6B", why: "a server, until Ctrl-C" },
    { line: "vscope monitor --out run1 -- python offline.py", why: "a script, into folder run1" },
    {
      line: "vscope monitor --on http://HOST:8265 -- vllm serve MODEL --tensor-parallel-size 16 " +
        "--distributed-executor-backend ray",
      why: "a server that spans the nodes of a Ray cluster",
    },
  ],
  plan: planMonitor,
  run: (plan, context) =>
    plan.values.on === undefined
      ? runWatched(context, "monitor", plan)
      : runOnCluster(plan, context),
});

export default recipe;

if (import.meta.main) await runAlone(recipe);
