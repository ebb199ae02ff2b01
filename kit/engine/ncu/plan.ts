/**
 * The plan of `ncu`.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";
import type { Invocation, Plan } from "../../contract/recipe.ts";
import { captureFolder } from "../capture_run.ts";
import { allowedEnvironment } from "../nvidia/environment.ts";
import { baseName, isPython, unwrapped } from "../python/python_of.ts";
import { benchArgv, splitWords } from "../load/command_load.ts";
import { profilerConfigOf, withProfilerConfig, workersOf } from "../torch/server_command.ts";
import { readVllmCommand } from "../server/vllm_command.ts";
import { ncuArgv } from "./command.ts";
import { type EngineArguments, engineArguments } from "./engine_arguments.ts";
import { type KernelFilter, kernelFilterOf } from "./kernel_filter.ts";
import type { ncuOptions, NcuValues } from "./options.ts";

/** Name of the report within the bundle, without its ending. */
export const REPORT = "rep";

/** The table of every metric of every launch, within the bundle. */
export const TABLE = "raw.csv";

/** What begins and ends measuring. */
export type MeasuredBy =
  /** vLLM's `cuda` profiler, started over HTTP. */
  | "http"
  /** The same in a program, by a hook around a call of LLM.generate. */
  | "hook"
  /** The program itself, which calls cudaProfilerStart. */
  | "program"
  /** The run of the command. */
  | "run";

/** What is measured, and how. */
export interface NcuTask {
  server?: { host: string; port: number; baseUrl: string };
  by: MeasuredBy;
  filter: KernelFilter;
  /** Ranks of the engine, as far as the command tells. */
  workers: number;
  /** Fields of ProfilerConfig that a current vLLM is given. */
  config: Readonly<Record<string, unknown>>;
}

/**
 * Reads what a command line asks for.
 *
 * @throws {UsageError} when options contradict each other or the command.
 */
export function readTask(values: NcuValues, invocation: Invocation): NcuTask {
  const { command } = invocation;
  const fail = (message: string) => {
    throw new UsageError(`Cannot run ncu: ${message}`);
  };
  const { kind, host = "127.0.0.1", port = NaN } = readVllmCommand(command);
  const program = baseName(unwrapped(command)[0] ?? "");
  if (program === "ncu") {
    fail("the command starts ncu itself; give what ncu is to measure, as vllm serve MODEL");
  }
  if (command.some((word, place) => word === "bench" && command[place + 1] === "serve")) {
    fail(
      'the command behind "--" is a client without a server: start the server, with the client as ' +
        "its load: vscope ncu --bench ARGS -- vllm serve MODEL",
    );
  }
  const loads = [
    values.bench !== undefined && "--bench",
    values.prompts !== undefined && "--prompts",
    !values.load && "--no-load",
  ].filter((name) => name !== false);
  if (kind !== "server" && loads.length > 0) {
    fail(`${loads.join(" and ")} are for a server; leave them out`);
  }
  if (loads.length > 1) fail(`${loads.join(" and ")} are two loads; leave one out`);
  if (values.bench !== undefined) splitWords(values.bench, "ncu");
  if (values.captureRange === "none" && kind === "server") {
    fail("--capture-range none would measure the server's start; leave it out");
  }
  if (values.set !== undefined && values.sections !== undefined) {
    fail("--set and --sections are two choices of what to measure; leave one out");
  }
  const by = measuredBy(values, kind, isPython(program) || program === "vllm");
  const { profiler } = profilerConfigOf(command, "ncu");
  const ours = by === "http" || by === "hook";
  if (ours && profiler !== undefined && profiler !== "cuda") {
    fail(`the command configures the profiler "${profiler}"; leave that out, or make it cuda`);
  }
  const workers = workersOf(command);
  const reachable = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return {
    ...(kind === "server"
      ? { server: { host, port, baseUrl: `http://${reachable}:${port}` } }
      : {}),
    by,
    filter: kernelFilterOf(values, workers),
    workers,
    config: ours
      ? {
        profiler: "cuda",
        // vLLM's own count begins with this step.
        ...(values.delayIterations > 0 ? { delay_iterations: values.delayIterations + 1 } : {}),
        ...(values.maxIterations > 0 ? { max_iterations: values.maxIterations } : {}),
      }
      : {},
  };
}

function measuredBy(
  { captureRange }: NcuValues,
  kind: string,
  usesVllm: boolean,
): MeasuredBy {
  if (kind === "server") return "http";
  if (captureRange === "none") return "run";
  if (usesVllm) return "hook";
  return captureRange === "cudaProfilerApi" ? "program" : "run";
}

/** argv of the target: a server is told on its command line, a script by a hook. */
export function targetArgv(
  command: readonly string[],
  task: NcuTask,
  engine: EngineArguments,
  config: Readonly<Record<string, unknown>> = task.config,
): string[] {
  if (!task.server) return [...command];
  const eager = [...command, ...engine.argv];
  return Object.keys(config).length > 0 ? withProfilerConfig(eager, config) : eager;
}

/** argv of ncu with its target. */
export function measureArgv(
  values: NcuValues,
  task: NcuTask,
  out: string,
  ncu: string,
  target: readonly string[],
): string[] {
  return ncuArgv({
    ...values,
    ncu,
    report: `${out}/${REPORT}`,
    range: task.by !== "run",
    kernels: task.filter.regex,
    anyExit: task.server !== undefined,
    command: target,
  });
}

/** Waits of vLLM's that a slow step would exceed, and what they are set to: an hour. */
const WAITS: Readonly<Record<string, string>> = {
  VLLM_RPC_TIMEOUT: "3600000",
  VLLM_EXECUTE_MODEL_TIMEOUT_SECONDS: "3600",
  VLLM_ENGINE_ITERATION_TIMEOUT_S: "3600",
};

/**
 * What vLLM is told by variables; what a person has set stays.
 *
 * @param known Those that the installed vLLM reads, where that is known.
 */
export function targetVariables(
  env: Readonly<Record<string, string>>,
  known?: readonly string[],
): Record<string, string> {
  const waits = Object.entries(WAITS).filter(([name]) => known?.includes(name) ?? true);
  // A forked worker would share CUDA's state with its parent.
  const wished = [["VLLM_WORKER_MULTIPROC_METHOD", "spawn"] as const, ...waits];
  return Object.fromEntries(wished.map(([name, value]) => [name, env[name] ?? value]));
}

/** Plans a run: nothing is looked at. */
export function planNcu(values: NcuValues, invocation: Invocation): Plan<typeof ncuOptions> {
  const task = readTask(values, invocation);
  const { command } = invocation;
  const out = captureFolder("ncu", invocation);
  const engine = task.by === "http" || task.by === "hook"
    ? engineArguments(values, command, undefined)
    : { argv: [], fields: {}, notes: [], warnings: [] };
  const target = targetArgv(command, task, engine);
  const argv = measureArgv(values, task, out, values.ncu ?? "ncu", target);
  const { env, left } = allowedEnvironment(invocation.env, values.passEnv ?? []);
  const load = values.bench === undefined || !task.server ? [] : [{
    name: "load",
    argv: benchArgv(command, task.server.baseUrl, values.bench, servedBy(command), "ncu"),
    env: {},
  }];
  return {
    values,
    invocation,
    out,
    processes: [{ name: "ncu", argv, env: targetVariables(env) }, ...load],
    files: [
      { path: TABLE, why: "every metric of every launch, as ncu prints it" },
      { path: `${REPORT}.ncu-rep`, why: "for the GUI; kept if no environment is found in it" },
      { path: "analysis.json", why: "launches by kernel and by kind of work, and the roofline" },
      { path: "report.html", why: "the page to look at" },
      { path: "bundle.json", why: "what ran, how it ended, what was chosen" },
      { path: "logs/", why: "what ncu, the command and the load printed" },
    ],
    permissions: [
      "run programs",
      "the GPU's performance counters: root, CAP_SYS_ADMIN, or a driver that lets everybody",
      "write below the bundle's folder; ncu writes to TMPDIR too",
      ...(task.server ? ["net: the server's address"] : []),
    ],
    warnings: [...engine.warnings, ...warningsOf(values, task)],
    notes: [
      `ncu measures at most ${values.count} launches of ${task.filter.words}`,
      ...engine.notes,
      ...notesOf(values, task),
      `The command gets ${
        Object.keys(env).length
      } variables of the environment, and not the other ` +
      `${Object.keys(left).length}: ncu may store what it gets; --pass-env adds some`,
    ],
    unknown: [
      "which ncu is there, and whether it knows these options and sections",
      "whether this user may read the GPU's performance counters",
      "how often ncu runs each launch: some twenty times with these sections",
      ...(task.server ? ["which of these arguments and variables the installed vLLM has"] : []),
      ...(task.by === "hook"
        ? ["whether the program calls LLM.generate; one without vLLM is measured from its start"]
        : []),
    ],
  };
}

function warningsOf(values: NcuValues, { workers, by, filter }: NcuTask): string[] {
  return [
    ...(values.passEnv
      ? [`--pass-env: ncu may store the value of ${values.passEnv.join(", ")}`]
      : []),
    ...(workers > 1 && values.kernels !== undefined
      ? [
        `vLLM has ${workers} ranks: should --kernels choose collectives, it hangs, because they wait ` +
        "for each other and ncu runs one kernel at a time",
      ]
      : []),
    ...(by === "run" && filter.regex === undefined
      ? ["The program is measured from its start on: the first launches are seldom the ones meant"]
      : []),
    ...(filter.only?.includes("other")
      ? ["--category other is what no rule matches: any kernel is measured, and --count counts all"]
      : []),
  ];
}

function notesOf(values: NcuValues, { filter, workers }: NcuTask): string[] {
  return [
    ...(filter.only === undefined ? [] : [
      "ncu chooses by one expression, which is wider than the rules: what turns out to be of another " +
      `kind stays in ${TABLE} and out of the analysis`,
    ]),
    ...(workers > 1 && values.category === undefined && values.kernels === undefined
      ? ["Collectives are left out: they wait for each other, and ncu runs one kernel at a time"]
      : []),
    values.clockControl === "none"
      ? "Clocks are left as they are in service: this needs no permission, and figures vary with them; " +
        "--clock-control base locks them"
      : "Clocks are locked to their base, below what they are in service",
  ];
}

function servedBy(command: readonly string[]): { id: string; root: string } | undefined {
  const { model } = readVllmCommand(command);
  return model === undefined ? undefined : { id: model, root: model };
}
