/**
 * The plan of `nsys`.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";
import type { Invocation, Plan } from "../../contract/recipe.ts";
import { captureFolder } from "../capture_run.ts";
import { baseName, isPython, unwrapped } from "../python/python_of.ts";
import { benchArgv, splitWords } from "../load/command_load.ts";
import { profilerConfigOf, withProfilerConfig } from "../torch/server_command.ts";
import { readVllmCommand } from "../server/vllm_command.ts";
import { nsysArgv } from "./command.ts";
import { allowedEnvironment } from "../nvidia/environment.ts";
import type { nsysOptions, NsysValues } from "./options.ts";
import { SESSION_PREFIX } from "./sessions.ts";

/** Name of the report within the bundle, without its ending. */
export const REPORT = "rep";

/** What begins and ends a recording. */
export type RangeBy =
  /** vLLM's `cuda` profiler, started over HTTP. */
  | "http"
  /** The same in a program, by a hook around a call of LLM.generate. */
  | "hook"
  /** The program itself, which calls cudaProfilerStart. */
  | "program"
  /** The clock of nsys: --delay and --duration. */
  | "clock"
  /** The run of the command. */
  | "run";

/** What is recorded, and how. */
export interface NsysTask {
  server?: { host: string; port: number; baseUrl: string };
  by: RangeBy;
  session: string;
  /** Fields of ProfilerConfig that a current vLLM is given. */
  config: Readonly<Record<string, unknown>>;
}

/**
 * Reads what a command line asks for.
 *
 * @throws {UsageError} when options contradict each other or the command.
 */
export function readTask(values: NsysValues, invocation: Invocation): NsysTask {
  const { command } = invocation;
  const fail = (message: string) => {
    throw new UsageError(`Cannot run nsys: ${message}`);
  };
  const { kind, host = "127.0.0.1", port = NaN } = readVllmCommand(command);
  const program = baseName(unwrapped(command)[0] ?? "");
  if (program === "nsys") {
    fail("the command starts nsys itself; give what nsys is to record, as vllm serve MODEL");
  }
  if (command.some((word, place) => word === "bench" && command[place + 1] === "serve")) {
    fail(
      'the command behind "--" is a client without a server: start the server, with the client as ' +
        "its load: vscope nsys --bench ARGS -- vllm serve MODEL",
    );
  }
  const clock = values.delay !== undefined || values.duration !== undefined;
  if (clock && values.captureRange === "cudaProfilerApi") {
    fail(
      "--delay and --duration record by the clock, and --capture-range=cudaProfilerApi by the " +
        "profiler; leave one out",
    );
  }
  if (kind !== "server") {
    const wrong = [
      values.keepServing && "--keep-serving",
      values.bench !== undefined && "--bench",
      values.prompts !== undefined && "--prompts",
      !values.load && "--no-load",
    ].filter((name) => name !== false);
    if (wrong.length > 0) fail(`${wrong.join(" and ")} are for a server; leave them out`);
  }
  const loads = [
    values.bench !== undefined && "--bench",
    values.prompts !== undefined && "--prompts",
    !values.load && "--no-load",
  ].filter((name) => name !== false);
  if (loads.length > 1) fail(`${loads.join(" and ")} are two loads; leave one out`);
  if (values.bench !== undefined) splitWords(values.bench, "nsys");
  const by = rangeBy(values, kind, isPython(program) || program === "vllm", clock);
  if (by === "run" && kind === "server" && values.maxIterations > 0) {
    fail("--max-iterations is for the profiler; leave out --capture-range=none");
  }
  const { profiler } = profilerConfigOf(command, "nsys");
  if ((by === "http" || by === "hook") && profiler !== undefined && profiler !== "cuda") {
    fail(
      `the command configures the profiler "${profiler}"; leave that out, make it cuda, or record ` +
        "by the clock with --delay and --duration",
    );
  }
  const reachable = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return {
    ...(kind === "server"
      ? { server: { host, port, baseUrl: `http://${reachable}:${port}` } }
      : {}),
    by,
    session: `${SESSION_PREFIX}${invocation.pid}`,
    config: by === "http" || by === "hook"
      ? {
        profiler: "cuda",
        // vLLM's own count begins with this step.
        ...(values.delayIterations > 0 ? { delay_iterations: values.delayIterations + 1 } : {}),
        ...(values.maxIterations > 0 ? { max_iterations: values.maxIterations } : {}),
      }
      : {},
  };
}

function rangeBy(
  { captureRange }: NsysValues,
  kind: string,
  usesVllm: boolean,
  clock: boolean,
): RangeBy {
  if (clock) return "clock";
  if (captureRange === "none") return "run";
  if (kind === "server") return "http";
  if (usesVllm) return "hook";
  return captureRange === "cudaProfilerApi" ? "program" : "run";
}

/** argv of the target: a server is told of its profiler on its command line. */
export function targetArgv(
  command: readonly string[],
  task: NsysTask,
  config: Readonly<Record<string, unknown>> = task.config,
): string[] {
  const told = task.server && Object.keys(config).length > 0;
  return told ? withProfilerConfig(command, config) : [...command];
}

/** argv of nsys with its target. */
export function profileArgv(
  values: NsysValues,
  task: NsysTask,
  out: string,
  nsys: string,
  target: readonly string[],
): string[] {
  return nsysArgv({
    nsys,
    session: task.session,
    report: `${out}/${REPORT}`,
    trace: values.trace,
    cudaGraphs: values.cudaGraphs,
    range: task.by === "http" || task.by === "hook" || task.by === "program",
    delaySec: values.delay,
    durationSec: values.duration,
    endsTarget: task.by === "clock" && !values.keepServing,
    command: target,
  });
}

/**
 * What vLLM is told by variables; what a person has set stays.
 *
 * @param hasNvtx Whether the Python has the package nvtx: vLLM's engine dies with its first request
 * where it is asked for ranges and has none.
 */
export function targetVariables(
  env: Readonly<Record<string, string>>,
  hasNvtx: boolean,
): Record<string, string> {
  const wished = {
    // A forked worker would share CUDA's state with its parent, and ranks would be missing.
    VLLM_WORKER_MULTIPROC_METHOD: "spawn",
    ...(hasNvtx ? { VLLM_NVTX_SCOPES_FOR_PROFILING: "1" } : {}),
  };
  return Object.fromEntries(
    Object.entries(wished).map(([name, value]) => [name, env[name] ?? value]),
  );
}

/** Plans a run: nothing is looked at. */
export function planNsys(values: NsysValues, invocation: Invocation): Plan<typeof nsysOptions> {
  const task = readTask(values, invocation);
  const { command } = invocation;
  const out = captureFolder("nsys", invocation);
  const argv = profileArgv(values, task, out, values.nsys ?? "nsys", targetArgv(command, task));
  const { env, left } = allowedEnvironment(invocation.env, values.passEnv ?? []);
  const load = values.bench === undefined || !task.server ? [] : [{
    name: "load",
    argv: benchArgv(command, task.server.baseUrl, values.bench, servedBy(command), "nsys"),
    env: {},
  }];
  return {
    values,
    invocation,
    out,
    processes: [{ name: "nsys", argv, env: targetVariables(env, false) }, ...load],
    files: [
      { path: `${REPORT}.sqlite`, why: "the export, without environments and arguments" },
      { path: `${REPORT}.nsys-rep`, why: "for the GUI; kept if no environment is found in it" },
      { path: "analysis.json", why: "kernels, categories, iterations, gaps, calls and ranges" },
      { path: "report.html", why: "the page to look at" },
      { path: "bundle.json", why: "what ran, how it ended, what was taken out of the export" },
      { path: "logs/", why: "what nsys, the command and the load printed" },
    ],
    permissions: [
      "run programs",
      "write below the bundle's folder; nsys writes to TMPDIR too",
      ...(task.server ? ["net: the server's address"] : []),
    ],
    warnings: [
      ...(values.passEnv
        ? [`--pass-env: nsys records the value of ${values.passEnv.join(", ")}`]
        : []),
      ...(values.trace.includes("osrt")
        ? [
          "--trace with osrt records every call of the operating system: files grow many times over",
        ]
        : []),
      ...(task.by === "run" && task.server
        ? [
          "--capture-range=none records the server's start too: minutes of it, and its files are large",
        ]
        : []),
    ],
    notes: [
      `The command gets ${
        Object.keys(env).length
      } variables of the environment, and not the other ` +
      `${Object.keys(left).length}: nsys writes what it gets into its files; --pass-env adds some`,
      ...(values.cudaGraphs === "node"
        ? [
          "--cuda-graphs=node slows replays of CUDA graphs down; --cuda-graphs=graph costs little, " +
          "and shows no kernel in them",
        ]
        : []),
      ...(task.by === "clock" || (task.server && !values.load)
        ? [`To end it earlier, from another terminal: vscope nsys stop ${task.session}`]
        : []),
    ],
    unknown: [
      "which nsys is there, and whether it knows these options",
      "whether the Python has the package nvtx: if so, VLLM_NVTX_SCOPES_FOR_PROFILING=1 is set too",
      "size of the report: about 1 MB for 25,000 kernels, seen with 2025.3",
      ...(task.by === "hook"
        ? ["whether the program calls LLM.generate; one without vLLM is recorded from start to end"]
        : []),
    ],
  };
}

function servedBy(command: readonly string[]): { id: string; root: string } | undefined {
  const { model } = readVllmCommand(command);
  return model === undefined ? undefined : { id: model, root: model };
}
