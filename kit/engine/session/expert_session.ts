/**
 * A session with expert tracking in depth: what `moe` and the automation share.
 *
 * @module
 */

import type { Options, Values } from "../../contract/option.ts";
import { integer } from "../../contract/options.ts";
import type { Invocation, Plan } from "../../contract/recipe.ts";
import type { MonitoredRun } from "./monitored_run.ts";
import { sessionOptions, type SessionValues } from "./session_options.ts";
import { planSession } from "./session_plan.ts";

/** Options of expert tracking, besides those of every session. */
export const expertOptions = {
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
};

/** All options of a session with expert tracking. */
export const expertSessionOptions = { ...sessionOptions, ...expertOptions };

/** Values of a session with expert tracking. */
export type ExpertValues = SessionValues & Values<typeof expertOptions>;

/** What a process has to leave; a model without experts leaves it not. */
export const EXPECTED_EXPERTS: NonNullable<MonitoredRun["expects"]> = {
  file: "moe_totals.json",
  otherwise: "No router of a mixture-of-experts layer was counted: the model has none, or its " +
    "hooks are absent (see hooks in bundle.json)",
};

/** Plans a command with expert tracking. */
export function planExperts<O extends Options>(
  values: Values<O> & ExpertValues,
  invocation: Invocation,
): Plan<O> {
  return planSession<O>(values, invocation, {
    argv: invocation.command,
    env: { VSCOPE_EXPERT_SAMPLE_TOKENS: String(values.expertSampleTokens) },
  });
}
