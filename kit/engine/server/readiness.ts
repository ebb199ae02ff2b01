/**
 * Waiting until a server answers.
 *
 * @module
 */

import type { RunContext, RunningProcess } from "../../contract/context.ts";
import { RunError } from "../../contract/errors.ts";
import { lastLines } from "../system/log_tail.ts";

/**
 * Waits until `GET <baseUrl>/health` answers 200.
 *
 * @param options.timeoutMs How long a start may take.
 * @throws {RunError} when the process ends first (with its last log lines), when time is up, or
 * when the run is interrupted.
 */
export async function waitUntilHealthy(
  context: RunContext,
  process: RunningProcess,
  options: { baseUrl: string; logPath: string; timeoutMs: number },
): Promise<void> {
  const start = context.clock.monotonicMs();
  let end: { code: number; signal: string | null } | undefined;
  process.ended.then((value) => end = value);
  while (!context.signal.aborted) {
    if (await answers(`${options.baseUrl}/health`)) return;
    if (end) {
      const how = end.signal ? `was killed by ${end.signal}` : `ended with exit code ${end.code}`;
      throw new RunError(
        `vLLM ${how} before it was ready; the end of its log (${options.logPath}):\n` +
          (await lastLines(context.files, options.logPath, 20)).map((line) => `  ${line}`).join(
            "\n",
          ),
      );
    }
    const seconds = (context.clock.monotonicMs() - start) / 1000;
    if (seconds * 1000 > options.timeoutMs) {
      throw new RunError(
        `vLLM was not ready after ${Math.round(seconds)} s; look into ${options.logPath}`,
      );
    }
    const [line = ""] = await lastLines(context.files, options.logPath, 1);
    context.output.progress(`Starting vLLM, ${Math.round(seconds)} s: ${shortened(line)}`);
    await context.clock.sleep(300, context.signal);
  }
  throw new RunError("Interrupted while vLLM was starting");
}

/** A line of vLLM's log without process name, level and place. */
function shortened(line: string): string {
  return line.replace(/^(\([^)]*\)\s*)?[A-Z]+ \d\d-\d\d \d\d:\d\d:\d\d (\[[^\]]*\]\s*)*/, "");
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
