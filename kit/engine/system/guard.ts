/**
 * The guard: a process of ours that outlives us by a few seconds.
 *
 * It reads its standard input, on which vscope names the processes that it has started. When that
 * input ends without a farewell, vscope was killed, and the guard ends everything that was named
 * and everything that descends from it.
 *
 * @module
 */

import { endAll, ProcessTracker } from "./process_table.ts";

/** The hidden first argument that makes any of our main modules the guard. */
export const GUARD_ARGUMENT = "__guard";

/** How long a process may take to end after vscope was killed: the whole lasts less than 5 s. */
const GRACE_MS = 1500;

const POLL_MS = 400;

/** What vscope writes to the guard, one JSON document a line. */
export type GuardMessage = { watch: number } | { done: true };

/**
 * Nothing is fetched, and what Deno finds in the current folder is not ours. Lazily: a guard needs none
 * of the modules that commands import.
 */
const GUARD_FLAGS = [
  "--quiet",
  "--no-config",
  "--no-lock",
  "--cached-only",
  "--unstable-lazy-dynamic-imports",
];

/** argv that starts a guard with a main module of ours: the one that runs now. */
export function guardArgv(runId: string, main: string): string[] {
  const self = Deno.build.standalone
    ? [Deno.execPath()]
    : [Deno.execPath(), "run", "-A", ...GUARD_FLAGS, main];
  return [...self, GUARD_ARGUMENT, runId];
}

/** Runs as the guard until vscope says farewell or is gone. */
export async function guardMain(args: readonly string[]): Promise<void> {
  const tracker = new ProcessTracker(args[0] ?? "");
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => {});
  }
  const timer = setInterval(() => tracker.update(), POLL_MS);
  let done = false;
  try {
    let rest = "";
    for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const message = JSON.parse(line) as GuardMessage;
        if ("watch" in message) tracker.watch(message.watch);
        else done = true;
      }
    }
  } catch {
    // A broken input is an ended one.
  }
  if (!done) await endAll(tracker, GRACE_MS);
  clearInterval(timer);
  Deno.exit(0);
}
