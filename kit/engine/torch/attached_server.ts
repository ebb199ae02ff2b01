/**
 * What can be told of a server that somebody else has started: its process, and where it writes.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";
import { processListeningOn } from "../system/listening_process.ts";
import { profilerConfigOf, workersOf } from "./server_command.ts";

/** A server that runs. */
export interface AttachedServer {
  /** Folder of its traces, absolute. */
  traceDir: string;
  /** Its process, where it is one of this machine that may be looked into. */
  pid: number | undefined;
  /** Workers that its command line asks for, where it can be read. */
  workers: number | undefined;
  /** Whether its front end is traced, where the command line can be read. */
  frontend: boolean | undefined;
}

const LOCAL = /^(localhost|127(\.\d+){3}|\[::1\]|0\.0\.0\.0)$/;

/**
 * Looks the server up.
 *
 * @param named The folder of its traces, as the user knows it.
 * @throws {UsageError} when nobody tells the folder, or it cannot be read here.
 */
export async function lookUpServer(
  context: RunContext,
  baseUrl: string,
  named: string | undefined,
): Promise<AttachedServer> {
  const url = new URL(baseUrl);
  const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
  const process = LOCAL.test(url.hostname) ? processListeningOn(port) : undefined;
  // A title that was written over the command line holds no option.
  const argv = process && process.argv.length > 1 ? process.argv : undefined;
  const config = argv ? profilerConfigOf(argv) : {};
  const traceDir = named ?? textOf(config["torch_profiler_dir"]) ??
    process?.env["VLLM_TORCH_PROFILER_DIR"] ?? await toldByServer(context, baseUrl);
  if (traceDir === undefined || traceDir.includes("://")) {
    throw new UsageError(
      `Cannot profile ${baseUrl}: ` +
        (traceDir === undefined
          ? "the server does not tell where it writes its traces"
          : `the server writes its traces to "${traceDir}", which is no folder of this machine`) +
        "; give the folder, as this machine sees it, with --trace-dir",
    );
  }
  return {
    traceDir: traceDir.startsWith("/") ? traceDir : `${context.cwd}/${traceDir}`,
    pid: process?.pid,
    workers: argv && workersOf(argv),
    frontend: argv && config["ignore_frontend"] !== true,
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A server in development mode prints its configuration. */
async function toldByServer(context: RunContext, baseUrl: string): Promise<string | undefined> {
  try {
    const response = await fetch(`${baseUrl}/server_info`, {
      signal: AbortSignal.any([context.signal, AbortSignal.timeout(10_000)]),
    });
    const text = await response.text();
    return response.ok
      ? /torch_profiler_dir\\?['"]?\s*[=:]\s*\\?['"]([^'"\\]+)/.exec(text)?.[1]
      : undefined;
  } catch {
    return undefined;
  }
}
