/**
 * What `monitor` and `moe` share: the user's own vLLM command, checked and run with the hooks.
 *
 * @module
 */

import type { RunContext } from "../contract/context.ts";
import { path } from "../contract/options.ts";
import type { Options, Values } from "../contract/option.ts";
import type { Outcome, Plan } from "../contract/recipe.ts";
import { requireFreePort } from "./free_port.ts";
import { type MonitoredRun, runMonitored } from "./monitored_run.ts";
import { requireVllm } from "./require_vllm.ts";
import { sessionOptions, type SessionValues } from "./session_options.ts";
import { readVllmCommand } from "./vllm_command.ts";

/** Options of the recipes that run a command of the user's. */
export const commandOptions = {
  ...sessionOptions,
  python: path({
    env: "VSCOPE_PYTHON",
    leadsTo: "file",
    doc: "The Python that the command runs with, where vscope cannot tell it from the command",
  }),
};

/**
 * Runs the command of the plan with the hooks.
 *
 * @throws {UsageError} when its Python has no vLLM, or its port is taken.
 */
export async function runWatched<O extends Options>(
  context: RunContext,
  recipe: string,
  plan: Plan<O> & { values: Values<O> & SessionValues & { python?: string | undefined } },
  expects?: MonitoredRun["expects"],
): Promise<Outcome> {
  const command = plan.invocation.command;
  const python = plan.values.enableProfiling === "0"
    ? undefined
    : await requireVllm(context, recipe, command, plan.values.python);
  const { kind, host, port } = readVllmCommand(command);
  if (kind === "server") requireFreePort(recipe, host ?? "127.0.0.1", port ?? NaN);
  return await runMonitored(context, {
    recipe,
    plan: plan as unknown as Plan<Options>,
    values: plan.values,
    python,
    echo: !plan.invocation.common.quiet,
    ...(expects ? { expects } : {}),
  });
}
