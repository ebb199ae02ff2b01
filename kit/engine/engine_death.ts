/**
 * What vLLM's logs say of the death of its engine.
 *
 * @module
 */

import type { RunContext } from "../contract/context.ts";
import { unsecret } from "../bundle/unsecret.ts";
import { lastLines } from "./system/log_tail.ts";

/** A worker that died, as its engine tells it; the code is below zero where a signal ended it. */
const WORKER = /died unexpectedly(?: \(exit code: (-?\d+)\))?/;
/** The same as the API server tells it, in each of its tracebacks. */
const ENGINE = /EngineDeadError|EngineCore encountered a fatal error/;
/** A dying engine prints its whole configuration and the batch, behind the line that says why. */
const LINES = 4000;
const BYTES = 2 ** 20;

/** What ends a process by itself, by the number of its signal on Linux. */
const SIGNALS: Readonly<Record<string, string>> = {
  4: "SIGILL, an instruction that this CPU or its kernel does not let it use",
  6: "SIGABRT, it gave up by itself",
  7: "SIGBUS, memory that could not be had, as where /dev/shm is full",
  8: "SIGFPE, an impossible calculation",
  9: "SIGKILL, often by the kernel because memory was out",
  11: "SIGSEGV, memory that is not its own",
};

/** The line in logs that says so, unless vLLM was already shutting down when it came. Needs read permission. */
export async function engineDeath(
  context: Pick<RunContext, "files">,
  logs: readonly string[],
): Promise<string | undefined> {
  for (const log of logs) {
    const death = deathIn(await lastLines(context.files, log, LINES, BYTES));
    if (death !== undefined) return death;
  }
  return undefined;
}

/** The line of a log that says most about a death; undefined where nothing died before the shutdown. */
export function deathIn(lines: readonly string[]): string | undefined {
  let engine: string | undefined;
  for (const line of lines) {
    if (line.includes("[shutdown]")) break;
    const worker = WORKER.exec(line);
    if (worker) {
      const signal = SIGNALS[String(-Number(worker[1]))];
      return told(line) + (signal === undefined ? "" : `: ${signal}`);
    }
    if (ENGINE.test(line)) engine ??= told(line);
  }
  return engine;
}

const told = (line: string) => unsecret(line.trim().slice(0, 300));
