/**
 * Asks a Python something with a script of ours, which prints one line of JSON.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { verified } from "../../contract/verified_text.ts";

/** Long enough for a Python that has not been used for weeks, or a download. */
const PATIENCE_MS = 120_000;

/**
 * What the script printed, parsed; undefined when it could not be run or gave no answer.
 *
 * @param path The script's path in the checkout: it is run only as it was built.
 * @throws {RunError} when it is not as it was built. Needs permission to run Python.
 */
export async function askPython(
  context: RunContext,
  python: string,
  path: string,
  source: string,
  args: readonly string[] = [],
): Promise<unknown> {
  const script = verified(path, source);
  try {
    const { stdout } = await context.processes.capture([python, "-c", script, ...args], {
      timeoutMs: PATIENCE_MS,
    });
    // A sitecustomize may print ahead of it.
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") ?? undefined;
  } catch {
    return undefined;
  }
}
