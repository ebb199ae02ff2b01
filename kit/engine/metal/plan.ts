/**
 * The plan of a frame capture, in its three forms.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";
import type { Options, Values } from "../../contract/option.ts";
import type { Invocation, Plan, PlannedProcess } from "../../contract/recipe.ts";
import { folderName } from "../../bundle/bundle_folder.ts";
import { METAL_NAME, type MetalEstimate, type MetalRecord } from "../../bundle/metal_record.ts";
import { captureFolder } from "../capture_run.ts";
import { gigabytes } from "../mac/disk_guard.ts";
import { absolute } from "../session_plan.ts";
import { readVllmCommand } from "../vllm_command.ts";
import { billionsOf, estimateCapture, SLOWER } from "./estimate.ts";
import { type MetalValues, SAFE_FRACTION } from "./options.ts";
import { engineArguments, OFFLINE_CONFIG, OFFLINE_EVENTS } from "./offline_run.ts";
import { withProfiler } from "./profiler_flags.ts";

/** What the options and the command come to. */
export interface MetalTask {
  form: MetalRecord["form"];
  /** Absolute. */
  traceDir: string;
  /** Where the server listens; absent without one. */
  baseUrl?: string;
  host?: string;
  port?: number;
  model?: string;
  /** The key that the command gives its server. */
  apiKey?: string;
  /** The command to start; absent with --url. */
  process?: PlannedProcess;
  /** The share of memory that the engine will see; absent with --url. */
  memoryFraction?: string;
  withoutEffect: string[];
  estimate: MetalEstimate;
}

/**
 * Reads what is asked for. Pure.
 *
 * @throws {UsageError} when the forms are mixed, or something cannot lead to a capture.
 */
export function readTask(values: MetalValues, invocation: Invocation): MetalTask {
  const { command, cwd } = invocation;
  const given = [
    values.url === undefined ? undefined : "--url",
    values.offline ? "--offline" : undefined,
    command.length > 0 ? "a command" : undefined,
  ].filter(Boolean);
  if (given.length > 1) {
    throw new UsageError(
      `Cannot run metal: ${given.join(" and ")} are given, and each is a way of its own; give one`,
    );
  }
  if (!/^[\w.-]+$/.test(values.prefix)) {
    throw new UsageError(
      `Cannot run metal: the prefix is "${values.prefix}", and it becomes a part of a file's name; ` +
        "give letters, digits, points and dashes",
    );
  }
  if (values.engineArgs !== undefined && !values.offline) {
    throw new UsageError(
      "Cannot run metal: --engine-args are for --offline; give a server its options in its command, " +
        "as -- vllm serve MODEL --max-model-len 2048",
    );
  }
  engineArguments(values.engineArgs);
  const out = captureFolder("metal", invocation);
  const chosen = values.traceDir === undefined ? undefined : absolute(values.traceDir, cwd);
  const found = values.url !== undefined
    ? attachTask(values, chosen)
    : command.length > 0
    ? commandTask(values, invocation, chosen ?? `${out}/traces`)
    : modelTask(values, out, chosen ?? `${out}/traces`);
  const { maxTokens, captures, layers } = values;
  const billions = values.parameters ?? (found.model ? billionsOf(found.model) : undefined);
  return { ...found, estimate: estimateCapture({ billions, layers, maxTokens, captures }) };
}

type Part = Omit<MetalTask, "estimate">;

function attachTask(values: MetalValues, traceDir: string | undefined): Part {
  let url: URL | undefined;
  try {
    url = new URL(values.url!);
  } catch {
    // Told below.
  }
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(
      `Cannot run metal: --url is "${values.url}"; give the server's address, as ` +
        "http://127.0.0.1:8000",
    );
  }
  if (traceDir === undefined) {
    throw new UsageError(
      "Cannot run metal: a server does not tell where it writes traces; give --trace-dir, the " +
        "folder that it was started with (--profiler-config.torch_profiler_dir)",
    );
  }
  return {
    form: "attach",
    traceDir,
    baseUrl: url.href.replace(/\/+$/, ""),
    withoutEffect: [],
    ...(values.model === undefined ? {} : { model: values.model }),
  };
}

function commandTask(values: MetalValues, invocation: Invocation, fallback: string): Part {
  const { command, cwd } = invocation;
  const { kind, host = "127.0.0.1", port = NaN, model } = readVllmCommand(command);
  if (kind !== "server") {
    throw new UsageError(
      `Cannot run metal: "${command.join(" ")}" is no vLLM server, and a capture is started over ` +
        "HTTP; give vllm serve MODEL, or capture without a server with --offline --model MODEL",
    );
  }
  const own = ownVariables(command);
  requireCapture(own.get("MTL_CAPTURE_ENABLED") ?? (values.mtlCaptureEnabled ? "1" : "0"));
  const { argv, traceDir, without_effect } = withProfiler("metal", command, fallback);
  if (traceDir !== undefined && values.traceDir !== undefined) {
    throw new UsageError(
      `Cannot run metal: the command writes its traces to "${traceDir}" and --trace-dir is ` +
        `"${values.traceDir}"; give one of the two`,
    );
  }
  const fraction = own.get("VLLM_METAL_MEMORY_FRACTION") ?? values.memoryFraction;
  return {
    form: "server",
    traceDir: traceDir === undefined ? fallback : absolute(traceDir, cwd),
    baseUrl: `http://${loopback(host)}:${port}`,
    host,
    port,
    process: { name: "vllm", argv, env: environmentOf(values) },
    memoryFraction: fraction,
    withoutEffect: without_effect,
    ...(model === undefined ? {} : { model }),
    ...apiKeyOf(command),
  };
}

function modelTask(values: MetalValues, out: string, traceDir: string): Part {
  const { model, offline, port } = values;
  if (model === undefined) {
    throw new UsageError(
      "Cannot run metal: nothing is there to be captured; give --model MODEL, a server's command " +
        "behind --, or --url for a server that runs",
    );
  }
  requireCapture(values.mtlCaptureEnabled ? "1" : "0");
  const common = { traceDir, model, memoryFraction: values.memoryFraction, withoutEffect: [] };
  const env = environmentOf(values);
  if (offline) {
    const argv = [
      values.python ?? "python3",
      `${out}/offline_runner.py`,
      `${out}/${OFFLINE_CONFIG}`,
    ];
    return { ...common, form: "offline", process: { name: "vllm", argv, env } };
  }
  const { argv } = withProfiler(
    "metal",
    ["vllm", "serve", model, "--host", "127.0.0.1", "--port", String(port)],
    traceDir,
  );
  return {
    ...common,
    form: "server",
    baseUrl: `http://127.0.0.1:${port}`,
    host: "127.0.0.1",
    port,
    process: { name: "vllm", argv, env },
  };
}

/** Variables that a command sets for itself, as in `env A=b vllm serve`. */
function ownVariables(command: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const word of command) {
    const match = /^([A-Z_][A-Z0-9_]*)=(.*)$/s.exec(word);
    if (match) found.set(match[1]!, match[2]!);
    if (word === "serve") break;
  }
  return found;
}

/** The key that a command asks its clients for. */
function apiKeyOf(command: readonly string[]): { apiKey?: string } {
  for (const [place, word] of command.entries()) {
    const key = word === "--api-key" ? command[place + 1] : /^--api-key=(.*)$/s.exec(word)?.[1];
    if (key !== undefined) return { apiKey: key };
  }
  return {};
}

function requireCapture(value: string): void {
  if (value === "1") return;
  throw new UsageError(
    `Cannot run metal: MTL_CAPTURE_ENABLED is ${value}, and Metal captures nothing unless it is 1 ` +
      "before the process starts; unset it, and vscope sets it",
  );
}

function environmentOf(values: MetalValues): Record<string, string> {
  return { MTL_CAPTURE_ENABLED: "1", VLLM_METAL_MEMORY_FRACTION: values.memoryFraction };
}

function loopback(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

/** What a share of memory above the safe one means; undefined for a safe one. */
export function fractionWarning(fraction: string | undefined): string | undefined {
  if (fraction === undefined) {
    return "The server's VLLM_METAL_MEMORY_FRACTION cannot be asked for: unless it was started " +
      `with ${SAFE_FRACTION} or less, do not click Profile in Xcode, which could lock the machine`;
  }
  if (Number(fraction) <= SAFE_FRACTION) return undefined;
  return `VLLM_METAL_MEMORY_FRACTION is ${fraction}: Xcode allocates all of it again when the trace ` +
    `is replayed, so clicking Profile could lock the machine; use ${SAFE_FRACTION}, or look at the ` +
    "panes that need no replay";
}

/** What each capture's trace is to be called. */
export function prefixOf(values: MetalValues, invocation: Invocation, number: number): string {
  return `${folderName(values.prefix, invocation.startedAt, invocation.pid)}_${number}`;
}

/** Makes the plan. */
export function planMetal<O extends Options>(
  values: Values<O> & MetalValues,
  invocation: Invocation,
): Plan<O> {
  const task = readTask(values, invocation);
  const { estimate, form } = task;
  const out = captureFolder("metal", invocation);
  const warning = fractionWarning(task.memoryFraction);
  const unknown = [
    ...(estimate.scale === 1 && values.parameters === undefined && values.layers === undefined &&
        (task.model === undefined || billionsOf(task.model) === undefined)
      ? [
        "how large the model is: the estimate is that of 0.6 billion parameters; give --parameters",
      ]
      : []),
    ...(form === "attach" ? [] : ["how long vLLM takes to start and to load the model"]),
    "the names of the traces: they differ between versions of vllm-metal, and are looked for",
    ...(form === "offline" && values.python === undefined
      ? ["the Python: that of the vllm on PATH, where there is one"]
      : []),
  ];
  return {
    values,
    invocation,
    out,
    processes: task.process ? [task.process] : [],
    files: [
      { path: "bundle.json", why: "what ran, how it ended, the traces and their sizes" },
      { path: METAL_NAME, why: "the estimate, what the guards found, and each capture" },
      {
        path: task.traceDir.startsWith(`${out}/`)
          ? task.traceDir.slice(out.length + 1)
          : task.traceDir,
        why: "the traces, a .gputrace folder for each capture and rank",
      },
      { path: "report.html", why: "how to open the traces and how to read them" },
      { path: "logs/", why: "what vLLM printed" },
      ...(form === "offline"
        ? [
          { path: "offline_runner.py", why: "the script that loads the model and captures" },
          { path: OFFLINE_EVENTS, why: "what the script did, and when" },
        ]
        : []),
    ],
    diskBytes: estimate.expected_bytes,
    seconds: estimate.seconds,
    permissions: [
      "run the command, uname, sw_vers, xcode-select and df",
      `write ${out} and ${task.traceDir}`,
      ...(task.baseUrl ? [`connect to ${task.baseUrl}`] : []),
      "a Mac with Apple Silicon and the full Xcode; no right of the administrator",
    ],
    warnings: [
      ...(warning ? [warning] : []),
      ...task.withoutEffect.map((name) =>
        `The command sets ${name}, which only the torch profiler reads: it has no effect on a trace`
      ),
    ],
    unknown,
    notes: [
      `Disk: ${
        gigabytes(estimate.expected_bytes)
      } are expected; by the figure for a single pass it ` +
      `can come to ${gigabytes(estimate.upper_bytes)}`,
      ...estimate.basis,
      `A capture makes vLLM ${SLOWER[0]} to ${SLOWER[1]} times slower while it lasts: about ` +
      `${estimate.seconds} s for the captured requests`,
      "The trace has no named ranges: kernels carry MLX's names, layers and steps carry none",
    ],
  };
}
