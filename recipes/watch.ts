/**
 * `vscope watch [SESSION|DIR]`: a session while it runs, on the terminal and as metrics.
 *
 * @module
 */

import { defineRecipe, type Recipe } from "../kit/contract/recipe.ts";
import { alertRules } from "../kit/analysis/metrics/rules.ts";
import { dashboard } from "../kit/analysis/metrics/dashboard.ts";
import { runAlone } from "../kit/engine/main.ts";
import { addressWarning, readAddress } from "../kit/engine/metrics/address.ts";
import { findSession } from "../kit/engine/watch/find_session.ts";
import { watchOptions } from "../kit/engine/watch/options.ts";
import { watch } from "../kit/engine/watch/run.ts";

/**
 * The recipe.
 *
 * @example The state of a session, once
 * ```ts
 * import assert from "node:assert/strict";
 * import { executeRecipe, systemContext } from "@vscope/vscope";
 * import watch from "@vscope/vscope/recipes/watch";
 *
 * const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
 * const args = ["--once", "perf/examples/session"];
 * assert.equal(await executeRecipe(watch, args, context), 0);
 * await close();
 * ```
 */
const recipe: Recipe = defineRecipe({
  name: "watch",
  summary: "live view of a running session, and /metrics",
  description:
    "Follows a session that monitor, moe or quickstart records, and shows on the terminal what vLLM " +
    "does: throughput, time of prefill and decode, KV cache, batches, queue, preemptions, CUDA graphs, " +
    "experts, and whether the hooks are well. Without a terminal it prints a line at each interval. With " +
    "--listen Prometheus can scrape the same numbers. Only what is new is read; vLLM is not asked, and " +
    "nothing is written. A session that has ended is shown as it was.",
  options: watchOptions,
  command: "none",
  operands: [{
    name: "SESSION|DIR",
    doc: "A session's folder, or one of sessions, of which the newest that runs is taken",
    required: false,
    leadsTo: "folder",
  }],
  examples: [
    { line: "vscope watch", why: "the newest running session" },
    { line: "vscope watch run1 --listen 127.0.0.1:9464", why: "this one, and for Prometheus too" },
    { line: "vscope watch run1 --once --json", why: "the state of the moment, for programs" },
    { line: "vscope watch --print rules > vscope.rules.yml", why: "alerts for Prometheus" },
  ],
  look: async (values, { files }, [given]) =>
    values.print ? undefined : await findSession(files, given, values.profilingDir),
  plan(values, invocation) {
    const dir = String(invocation.found ?? "");
    const address = values.listen === undefined
      ? undefined
      : readAddress("--listen", values.listen);
    const printed = values.print === "rules"
      ? { text: alertRules().trimEnd(), json: { rules: alertRules() } }
      : values.print === "dashboard"
      ? { text: JSON.stringify(dashboard(), null, 2), json: { ...dashboard() } }
      : undefined;
    return {
      values,
      invocation,
      out: dir,
      processes: [],
      files: [],
      permissions: [
        `read ${dir}`,
        ...(address ? [`listen on ${address.hostname}:${address.port}`] : []),
      ],
      warnings: address ? addressWarning(address) : [],
      unknown: [],
      ...(printed ? { answer: printed } : {}),
    };
  },
  run: (plan, context) =>
    watch(context, {
      dir: plan.out,
      values: plan.values,
      json: plan.invocation.common.json,
      quiet: plan.invocation.common.quiet,
    }),
});

export default recipe;

if (import.meta.main) await runAlone(recipe);
