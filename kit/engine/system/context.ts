/**
 * The real outside world: clock, files, processes, terminal, signals.
 *
 * @module
 */

import type { Clock, RunContext } from "../../contract/context.ts";
import { SystemProcessHost } from "./process_host.ts";
import { systemOutput } from "./system_output.ts";
import { isTerminal, systemTerminal } from "./terminal.ts";

/** What the command line says about talking. */
export interface Talk {
  /** No progress. */
  quiet: boolean;
  /** Details. */
  verbose: boolean;
  /** Colours, on a terminal. */
  color: boolean;
}

/** Reads `--quiet`, `--verbose` and `--no-color` ahead of everything else. */
export function talkOf(argv: readonly string[], env: Readonly<Record<string, string>>): Talk {
  const options = argv.includes("--") ? argv.slice(0, argv.indexOf("--")) : argv;
  return {
    quiet: options.includes("--quiet"),
    verbose: options.includes("--verbose"),
    color: !options.includes("--no-color") && !env["NO_COLOR"],
  };
}

const clock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const timer = setTimeout(finish, ms);
      signal?.addEventListener("abort", finish, { once: true });
      function finish() {
        clearTimeout(timer);
        signal?.removeEventListener("abort", finish);
        resolve();
      }
    }),
};

/**
 * Within so long a second signal is the first one again: `timeout` and service managers send it to the process and
 * to its group. A second one behind it means now.
 */
const ECHO_MS = 300;

/** What ends a run in order; Windows has no TERM. */
const ENDING_SIGNALS: readonly ("SIGINT" | "SIGTERM")[] = Deno.build.os === "windows"
  ? ["SIGINT"]
  : ["SIGINT", "SIGTERM"];

/**
 * A {@linkcode RunContext} of this process, and the processes that it starts.
 *
 * @param main The module that their guard runs, where it is not the one that runs now.
 *
 * @example Runs a recipe from a program
 * ```ts
 * import assert from "node:assert/strict";
 * import { executeRecipe, systemContext, type Talk } from "@vscope/vscope";
 * import monitor from "@vscope/vscope/recipes/monitor";
 *
 * const talk: Talk = { quiet: true, verbose: false, color: false };
 * const { context, close } = systemContext(talk, import.meta.resolve("@vscope/vscope/cli"));
 * const output = { ...context.output, result() {} };
 * const args = ["--dry-run", "--", "vllm", "serve", "Qwen/Qwen3-0.6B"];
 * assert.equal(await executeRecipe(monitor, args, { ...context, output }), 0);
 * await close();
 * ```
 */
export function systemContext(
  talk: Talk,
  main?: string,
): { context: RunContext; close(): Promise<void> } {
  const processes = new SystemProcessHost(main);
  const interruption = new AbortController();
  let first = 0;
  const listeners = ENDING_SIGNALS.map((signal) => {
    const listener = () => {
      if (interruption.signal.aborted) {
        if (performance.now() - first < ECHO_MS) return;
        processes.emergencyKill();
        Deno.exit(signal === "SIGINT" ? 130 : 143);
      }
      first = performance.now();
      interruption.abort(signal);
    };
    Deno.addSignalListener(signal, listener);
    return { signal, listener };
  });
  const context: RunContext = {
    clock,
    env: Deno.env.toObject(),
    cwd: Deno.cwd(),
    files: Deno,
    processes,
    output: systemOutput(talk),
    ...(isTerminal() ? { terminal: systemTerminal() } : {}),
    signal: interruption.signal,
  };
  return {
    context,
    async close() {
      await processes.close();
      for (const { signal, listener } of listeners) Deno.removeSignalListener(signal, listener);
    },
  };
}
