/**
 * What a frame capture is asked to do, read from the options and the command.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";
import type { Invocation, PlannedProcess } from "../../contract/recipe.ts";
import type { MetalEstimate, MetalRecord } from "../../bundle/metal_record.ts";
import { captureFolder } from "../capture_run.ts";
import { absolute } from "../session/session_plan.ts";
import { readVllmCommand } from "../server/vllm_command.ts";
import { billionsOf, estimateCapture } from "./estimate.ts";
import { engineArguments, OFFLINE_CONFIG } from "./offline_run.ts";
import type { MetalValues } from "./options.ts";
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
