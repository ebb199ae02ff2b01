/**
 * The plan of a whole-process recording.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";
import type { Options, Values } from "../../contract/option.ts";
import type { Invocation, Plan } from "../../contract/recipe.ts";
import { XCTRACE_NAME } from "../../analysis/xctrace/summary.ts";
import { captureFolder } from "../capture_run.ts";
import { readVllmCommand } from "../server/vllm_command.ts";
import type { XctraceValues } from "./options.ts";

/** Name of the trace within the bundle. */
export const TRACE_NAME = "run.trace";

/** A trace is said to take this, whatever the length of the run. */
const TRACE_BYTES = 150e6;

/** What is recorded. */
export interface XctraceTask {
  /** argv of xctrace. */
  argv: string[];
  /** What it launches; empty with --pid. */
  command: readonly string[];
  /** Where the launched server listens; absent where the command is no server. */
  server?: { baseUrl: string; host: string; port: number };
}

/** Reads what is asked for. @throws {UsageError} when it is nothing, or too much. */
export function readTask(values: XctraceValues, invocation: Invocation): XctraceTask {
  const { model, pid, port } = values;
  const given = [
    pid === undefined ? undefined : "--pid",
    model === undefined ? undefined : "--model",
    invocation.command.length > 0 ? "a command" : undefined,
  ].filter(Boolean);
  if (given.length !== 1) {
    throw new UsageError(
      given.length === 0
        ? "Cannot run xctrace: nothing is there to be recorded; give --model MODEL, a command " +
          "behind --, or --pid for a process that runs"
        : `Cannot run xctrace: ${given.join(" and ")} are given; give one of them`,
    );
  }
  const command = pid !== undefined
    ? []
    : model !== undefined
    ? ["vllm", "serve", model, "--host", "127.0.0.1", "--port", String(port)]
    : invocation.command;
  const read = readVllmCommand(command);
  const { host = "127.0.0.1" } = read;
  const isServer = read.kind === "server";
  if (values.requests > 0 && !isServer) {
    throw new UsageError(
      "Cannot run xctrace: --requests are sent to a server that is launched, and " +
        (pid === undefined ? `"${command.join(" ")}" is none` : "--pid launches none") +
        "; leave them out, or give vllm serve MODEL",
    );
  }
  const trace = `${captureFolder("xctrace", invocation)}/${TRACE_NAME}`;
  const limit = values.timeLimit === undefined
    ? []
    : ["--time-limit", `${Math.round(values.timeLimit * 1000)}ms`];
  const target = pid === undefined
    // What the target prints is wanted in the log. --launch has to be the last option.
    ? ["--target-stdout", "-", "--launch", "--", ...command]
    : ["--attach", String(pid)];
  return {
    argv: [
      ...["xctrace", "record", "--template", values.template, "--output", trace],
      "--no-prompt",
      ...limit,
      ...target,
    ],
    command,
    ...(isServer
      ? {
        server: {
          baseUrl: `http://${host === "0.0.0.0" ? "127.0.0.1" : host}:${read.port}`,
          host,
          port: read.port ?? NaN,
        },
      }
      : {}),
  };
}

/** What such a trace does not tell. */
const CANNOT_SHOW = [
  "Time of single kernels: the template was made for graphics, and MLX's compute kernels have no " +
  "names in it; use vscope metal and Profile in Xcode",
  "Layers, steps and requests: nothing in it knows of them",
  "With --launch, CPU samples are of the launched process; vLLM's engine is a process of its own",
];

/** Makes the plan. */
export function planXctrace<O extends Options>(
  values: Values<O> & XctraceValues,
  invocation: Invocation,
): Plan<O> {
  const { argv } = readTask(values, invocation);
  const out = captureFolder("xctrace", invocation);
  return {
    values,
    invocation,
    out,
    processes: [{ name: "xctrace", argv, env: {} }],
    files: [
      { path: "bundle.json", why: "what ran, how it ended, the trace and its size" },
      { path: TRACE_NAME, why: "the trace, which Instruments opens" },
      { path: XCTRACE_NAME, why: "GPU, CPU and thermal figures from its tables" },
      { path: "report.html", why: "the figures, and what they cannot show" },
      { path: "logs/", why: "what xctrace and the command printed" },
    ],
    diskBytes: TRACE_BYTES,
    ...(values.timeLimit === undefined ? {} : { seconds: values.timeLimit }),
    permissions: [
      "run xctrace, which launches the command or attaches to the process",
      `write ${out}`,
      "a Mac with Apple Silicon and the full Xcode; macOS may ask whether Terminal may record",
    ],
    warnings: [],
    unknown: [
      "which tables this version of Instruments exports",
      ...(values.timeLimit === undefined ? ["how long it lasts: it is ended by you"] : []),
      ...(values.pid === undefined ? ["how long vLLM takes to start: it is in the recording"] : []),
    ],
    notes: [
      "A trace takes 50 to 150 MB, whatever the length of the run; the export of its tables takes " +
      "several times that for a while",
      ...CANNOT_SHOW,
    ],
  };
}
