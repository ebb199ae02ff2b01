/**
 * What `monitor` and `moe` share: the user's own vLLM command, checked and run with the hooks.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";
import { boolean, duration, integer, path, text } from "../../contract/options.ts";
import type { Options, Values } from "../../contract/option.ts";
import type { Outcome, Plan } from "../../contract/recipe.ts";
import { Follower } from "../../analysis/live/follow.ts";
import { requireFreePort } from "../system/free_port.ts";
import { addressWarning, readAddress, USUAL_ADDRESS } from "../metrics/address.ts";
import { serveMetrics } from "../metrics/serve.ts";
import { type MonitoredRun, runMonitored } from "./monitored_run.ts";
import { measureOverhead, OVERHEAD_NAME, type OverheadResult } from "./overhead.ts";
import { waitUntilHealthy } from "../server/readiness.ts";
import { requireVllm } from "../python/require_vllm.ts";
import { sessionOptions, type SessionValues } from "./session_options.ts";
import { measuringPlan } from "../vllm_metrics/measuring_plan.ts";
import { vllmMetricsOptions } from "../vllm_metrics/options.ts";
import { readVllmCommand } from "../server/vllm_command.ts";

/** Options of the recipes that run a command of the user's. */
export const commandOptions = {
  ...sessionOptions,
  python: path({
    env: "VSCOPE_PYTHON",
    leadsTo: "file",
    doc: "The Python that the command runs with, where vscope cannot tell it from the command",
  }),
  metrics: text({
    bare: USUAL_ADDRESS,
    doc: "Serve the metrics at this address while it runs, 127.0.0.1:9464 where none is given; " +
      "a port alone is of this machine only",
  }),
  ...vllmMetricsOptions,
  measureOverhead: boolean({
    default: false,
    doc: "Measure what the hooks cost this server, all together and one by one, then end it",
  }),
  overheadPairs: integer({
    default: 10,
    min: 1,
    max: 1000,
    unit: "pairs",
    doc: "Pairs of windows per profiler, with --measure-overhead",
  }),
  overheadWindow: duration({
    default: 10,
    min: 0.5,
    max: 600,
    doc: "Length of a window, with --measure-overhead",
  }),
  overheadConcurrency: integer({
    default: 8,
    min: 1,
    max: 4096,
    unit: "requests",
    doc: "Requests alive at a time, with --measure-overhead",
  }),
  startTimeout: duration({
    default: 600,
    min: 10,
    doc: "How long vLLM may take to start, with --measure-overhead",
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
  plan: Plan<O> & { values: Values<O> & CommandValues },
  expects?: MonitoredRun["expects"],
): Promise<Outcome> {
  const command = plan.invocation.command;
  const { values } = plan;
  const { kind, host = "127.0.0.1", port = NaN } = readVllmCommand(command);
  if (values.measureOverhead && (kind !== "server" || values.enableProfiling === "0")) {
    throw new UsageError(
      `Cannot measure the overhead of "${
        command.join(" ")
      }": it takes a server with hooks in it, ` +
        "as in vscope monitor --measure-overhead -- vllm serve MODEL",
    );
  }
  const python = values.enableProfiling === "0"
    ? undefined
    : await requireVllm(context, recipe, command, values.python);
  if (kind === "server") requireFreePort(recipe, host, port);
  const measuring = values.withVllmMetrics
    ? await measuringPlan<O>(context, kind, plan, python?.executable, values.vllmMetricsInterval)
    : undefined;
  let overhead: OverheadResult[] | undefined;
  const during: MonitoredRun["during"] = async (process, logPath) => {
    const baseUrl = `http://${reached(host)}:${port}`;
    const timeoutMs = 1000 * values.startTimeout;
    await waitUntilHealthy(context, process, { baseUrl, logPath, timeoutMs });
    overhead = await measureOverhead(context, {
      baseUrl,
      dir: plan.out,
      pairs: values.overheadPairs,
      windowSec: values.overheadWindow,
      concurrency: values.overheadConcurrency,
    });
    await context.files.writeTextFile(
      `${plan.out}/${OVERHEAD_NAME}`,
      JSON.stringify({ window_sec: values.overheadWindow, results: overhead }, null, 2) + "\n",
    );
  };
  const address = values.metrics === undefined
    ? undefined
    : readAddress("--metrics", values.metrics);
  const server = address
    ? serveMetrics(context, new Follower(context.files, context.clock, plan.out), address)
    : undefined;
  for (const warning of address ? addressWarning(address) : []) context.output.warn(warning);
  if (server) context.output.note(`Metrics at ${server.url}`);
  const outcome = await runMonitored(context, {
    recipe,
    plan: (measuring?.plan ?? plan) as unknown as Plan<Options>,
    values,
    python,
    echo: !plan.invocation.common.quiet && !values.measureOverhead,
    ...(expects ? { expects } : {}),
    ...(measuring ? { beside: () => measuring.scrape(`http://${reached(host)}:${port}`) } : {}),
    ...(values.measureOverhead ? { during } : {}),
  }).finally(() => server?.close());
  for (const { profiler, cost_pct, low_pct, high_pct } of overhead ?? []) {
    const interval = low_pct === undefined ? "" : `, 95 % interval ${low_pct} to ${high_pct} %`;
    context.output.note(`${profiler}: ${cost_pct} % of tokens/s${interval}`);
  }
  return overhead ? { ...outcome, json: { ...outcome.json, overhead } } : outcome;
}

/** Where a server that listens everywhere is reached. */
function reached(host: string): string {
  return host === "0.0.0.0" ? "127.0.0.1" : host;
}

/** Values of {@linkcode commandOptions}. */
type CommandValues = SessionValues & Values<typeof commandOptions>;
