/**
 * The plan of `torch`, and what its forms share.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";
import type { Options } from "../../contract/option.ts";
import type { Invocation, Plan, PlannedProcess } from "../../contract/recipe.ts";
import { captureFolder } from "../capture_run.ts";
import { absolute } from "../session/session_plan.ts";
import { readVllmCommand } from "../server/vllm_command.ts";
import { benchArgv, splitWords } from "../load/command_load.ts";
import type { TorchCapture } from "./capture_facts.ts";
import { TRACES } from "./collect.ts";
import {
  configureProfiler,
  type ProfilerSetup,
  type ProfilerWish,
  translationLine,
} from "./configure.ts";
import { exampleArgv, offlineEnvironment, readEngineArgs } from "./offline_plan.ts";
import { flushSeconds, type torchOptions, type TorchValues } from "./options.ts";
import { profilerConfigOf, withProfilerConfig } from "./server_command.ts";

/** What is profiled: a server that we start, one that runs, or a program that uses LLM(). */
export type TorchForm = "server" | "attached" | "offline";

/** What profiling costs; part of every plan and of every report. */
const COST_WARNING =
  "Profiling slows inference down: it is for those who develop or tune vLLM, on an engine that " +
  "nobody else depends on";

const STACK_WARNING =
  "--with-stack records Python stacks: traces grow many times over, and stopping a CPU worker took " +
  "12 to 17 s where 3 ms are usual, or never ended, with 9 GB of events";

/**
 * Which form a command line is of.
 *
 * @throws {UsageError} when it is of none, or of two.
 */
export function formOf(values: TorchValues, command: readonly string[]): TorchForm {
  const { url, model, bench, load, prompts, engineArgs } = values;
  const fail = (message: string) => {
    throw new UsageError(`Cannot run torch: ${message}`);
  };
  const { kind } = readVllmCommand(command);
  if (url !== undefined) {
    checkUrl(url, fail);
    if (model !== undefined) fail("--url and --model are two things to profile; leave one out");
    if (kind === "server") {
      fail(
        "--url names a server that runs, and the command starts another; leave out --url, or give " +
          'a load behind "--"',
      );
    }
  } else if (command.length > 0 && model !== undefined) {
    fail(`--model is for the built-in example, and a command follows "--"; leave one of them out`);
  } else if (command.length === 0 && model === undefined) {
    fail(
      'there is nothing to profile; give a command behind "--" (vllm serve …, python script.py), ' +
        "a server that runs with --url, or a model with --model",
    );
  }
  const form = url !== undefined ? "attached" : kind === "server" ? "server" : "offline";
  if (form === "offline") {
    if (command.some((word, place) => word === "bench" && command[place + 1] === "serve")) {
      fail(
        'the command behind "--" is a client without a server; name the server with --url, or ' +
          "start it: vscope torch --bench ARGS -- vllm serve MODEL",
      );
    }
    if (bench !== undefined) fail("--bench is for a server; leave it out");
    if (!load) fail("--no-load is for a server; leave it out");
    if (prompts !== undefined) fail("--prompts is for a server; leave it out");
  }
  const loads = [
    bench !== undefined && "--bench",
    prompts !== undefined && "--prompts",
    !load && "--no-load",
    form === "attached" && command.length > 0 && 'the command behind "--"',
  ].filter((name) => name !== false);
  if (loads.length > 1) fail(`${loads.join(" and ")} are two loads; leave one out`);
  if (bench !== undefined) splitWords(bench);
  if (engineArgs !== undefined) {
    if (form !== "offline" || command.length > 0) {
      fail("--engine-args is for the built-in example; put arguments into the command itself");
    }
    readEngineArgs(engineArgs);
  }
  return form;
}

function checkUrl(url: string, fail: (message: string) => void): void {
  let parsed: URL | undefined;
  try {
    parsed = new URL(url);
  } catch {
    // Said below.
  }
  if (!parsed || !/^https?:$/.test(parsed.protocol)) {
    fail(`--url is "${url}", which is no address; give one as http://127.0.0.1:8000`);
  }
}

/** What is asked of the profiler. */
export function wishOf(plan: Pick<Plan<Options>, "out" | "invocation"> & { values: TorchValues }) {
  const { values, invocation, out } = plan;
  const wish: ProfilerWish = {
    dir: values.traceDir === undefined
      ? `${out}/${TRACES}`
      : absolute(values.traceDir, invocation.cwd),
    delayIterations: values.delayIterations,
    maxIterations: values.maxIterations,
    withStack: values.withStack,
    recordShapes: values.recordShapes,
    withMemory: values.withMemory,
    withFlops: values.withFlops,
    frontend: values.frontend,
    flushSec: flushSeconds(values),
  };
  return wish;
}

/** The folder that a configured vLLM will write to. */
export function traceFolder(
  plan: Pick<Plan<Options>, "out" | "invocation"> & { values: TorchValues },
  config: Readonly<Record<string, unknown>>,
): string {
  const given = config["torch_profiler_dir"];
  return typeof given === "string" ? absolute(given, plan.invocation.cwd) : wishOf(plan).dir;
}

/** Says what became of the variables of older documentation. */
export function tellTranslation(
  context: RunContext,
  plan: Plan<Options>,
  setup: ProfilerSetup,
  version: string | undefined,
): void {
  const fromVariable = (flag: string) => plan.invocation.contract[flag]?.source === "environment";
  const set = { dir: fromVariable("trace-dir"), rpcTimeout: fromVariable("rpc-timeout") };
  const line = translationLine(set, setup, version);
  if (line) context.output.note(line);
}

/** A capture of which nothing is known yet. */
export function emptyCapture(form: TorchForm, values: TorchValues): TorchCapture {
  return {
    form,
    load: "",
    window: {
      delay_iterations: values.delayIterations,
      max_iterations: values.maxIterations,
      max_seconds: values.maxSeconds,
      max_bytes: values.maxBytes,
    },
    traces: [],
  };
}

/** Plans a run of any form, for a current vLLM: nothing is looked at. */
export function planTorch(
  values: TorchValues,
  invocation: Invocation,
): Plan<typeof torchOptions> {
  const { command } = invocation;
  const form = formOf(values, command);
  const out = captureFolder("torch", invocation);
  const setup = configureProfiler(wishOf({ values, invocation, out }));
  if (form === "server") refuseOtherProfilers(profilerConfigOf(command));
  const line = translationLine(
    {
      dir: form !== "attached" && invocation.contract["trace-dir"]?.source === "environment",
      rpcTimeout: invocation.contract["rpc-timeout"]?.source === "environment",
    },
    setup,
    undefined,
  );
  return {
    values,
    invocation,
    out,
    processes: processesOf(values, invocation, form, out, setup),
    files: [
      { path: `${TRACES}/*.pt.trace.json.gz`, why: "a trace of each worker, for ui.perfetto.dev" },
      { path: "analysis.json", why: "kernels, categories, iterations and gaps" },
      { path: "report.html", why: "the page to look at" },
      { path: "bundle.json", why: "what ran, how it ended, which ranks left a trace" },
      { path: "logs/", why: "what the commands printed" },
    ],
    // A recorded step of a large model took less than a megabyte on the disk.
    diskBytes: Math.min(values.maxBytes, 1e6 * (values.maxIterations || 10_000)),
    ...(form === "offline"
      ? {}
      : { seconds: Math.ceil(values.maxSeconds) + (form === "server" ? 120 : 0) }),
    permissions: [
      "run programs",
      "write below the bundle's folder",
      ...(form === "offline" ? [] : ["net: the server's address"]),
    ],
    warnings: [COST_WARNING, ...(values.withStack ? [STACK_WARNING] : []), ...(line ? [line] : [])],
    unknown: [
      ...(form === "attached"
        ? ["whether the server has a profiler, and where it writes its traces"]
        : [
          "which fields the installed vLLM's ProfilerConfig has: it is asked, and a vLLM without " +
          "one gets VLLM_TORCH_PROFILER_DIR and its sisters",
        ]),
      "size of the traces: from 1 kB to 1 MB a step on the disk, with the model's size",
    ],
  };
}

function processesOf(
  values: TorchValues,
  invocation: Invocation,
  form: TorchForm,
  out: string,
  setup: ProfilerSetup,
): PlannedProcess[] {
  const { command } = invocation;
  if (form === "offline") {
    const argv = command.length > 0 ? command : exampleArgv(values, out, "python3");
    const env = { ...setup.env, ...offlineEnvironment(values, invocation, out, setup) };
    return [{ name: "vllm", argv, env }];
  }
  const processes: PlannedProcess[] = [];
  let baseUrl = values.url ?? "";
  if (form === "server") {
    const { host = "127.0.0.1", port } = readVllmCommand(command);
    baseUrl = `http://${host === "0.0.0.0" ? "127.0.0.1" : host}:${port}`;
    const argv = withProfilerConfig(command, setup.config ?? {});
    processes.push({ name: "vllm", argv, env: setup.env });
  } else if (command.length > 0) processes.push({ name: "load", argv: command, env: {} });
  if (values.bench !== undefined) {
    const server = form === "server" ? command : ["vllm", "serve"];
    const { model: root } = readVllmCommand(command);
    const served = root === undefined ? undefined : { id: root, root };
    const argv = benchArgv(server, baseUrl, values.bench, served);
    processes.push({ name: "load", argv, env: {} });
  }
  return processes;
}

function refuseOtherProfilers(config: Readonly<Record<string, unknown>>): void {
  const { profiler } = config;
  if (profiler === undefined || profiler === null || profiler === "torch") return;
  throw new UsageError(
    `Cannot run torch: the command configures the profiler "${profiler}"; leave that out, or make ` +
      "it torch",
  );
}
