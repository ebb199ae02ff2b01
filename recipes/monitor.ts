/**
 * `vscope monitor -- vllm serve …`: any vLLM command with the session profilers in it.
 *
 * @module
 */

import { path } from "../kit/contract/options.ts";
import { defineRecipe } from "../kit/contract/recipe.ts";
import { runAlone } from "../kit/engine/main.ts";
import { requireVllm } from "../kit/engine/require_vllm.ts";
import { runMonitored } from "../kit/engine/monitored_run.ts";
import { requireFreePort } from "../kit/engine/free_port.ts";
import { sessionOptions } from "../kit/engine/session_options.ts";
import { planSession } from "../kit/engine/session_plan.ts";
import { readVllmCommand } from "../kit/engine/vllm_command.ts";

/** The recipe. */
const recipe = defineRecipe({
  name: "monitor",
  summary: "any vLLM command with the session profilers",
  description:
    "Runs a vLLM server, or a Python script that uses vLLM, with profilers in every one of its " +
    "processes, and leaves a session bundle: forward passes, batches, KV cache, CPU operations " +
    "and the life of each request. vLLM itself is not changed. Ctrl-C ends vLLM and closes the " +
    "bundle; while it runs, vscope report reads what there is.",
  options: {
    ...sessionOptions,
    python: path({
      env: "VSCOPE_PYTHON",
      leadsTo: "file",
      doc: "The Python that the command runs with, where vscope cannot tell it from the command",
    }),
  },
  command: "required",
  examples: [
    { line: "vscope monitor -- vllm serve Qwen/Qwen3-0.6B", why: "a server, until Ctrl-C" },
    { line: "vscope monitor --out run1 -- python offline.py", why: "a script, into folder run1" },
  ],
  plan: (values, invocation) => planSession(values, invocation, { argv: invocation.command }),
  async run(plan, context) {
    const command = plan.invocation.command;
    const python = plan.values.enableProfiling === "0"
      ? undefined
      : await requireVllm(context, "monitor", command, plan.values.python);
    const { kind, host, port } = readVllmCommand(command);
    if (kind === "server") requireFreePort("monitor", host ?? "127.0.0.1", port ?? NaN);
    return await runMonitored(context, {
      recipe: "monitor",
      plan,
      values: plan.values,
      python,
      echo: !plan.invocation.common.quiet,
    });
  },
});

export default recipe;

if (import.meta.main) await runAlone(recipe);
