/**
 * One step of an install, with its output in a log.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { RunError } from "../../contract/errors.ts";
import { lastLines } from "../system/log_tail.ts";

/**
 * Runs a step with its progress shown. Needs permission to run programs.
 *
 * @throws {RunError} when it fails, or Ctrl-C ends it; the end of the log is in the message.
 */
export async function installStep(
  context: RunContext,
  title: string,
  argv: string[],
  log: string,
): Promise<void> {
  const { clock, output, signal } = context;
  const process = await context.processes.start({ argv, stdoutPath: log, stderrPath: log });
  let end: { code: number } | undefined;
  process.ended.then((value) => end = value);
  const start = clock.monotonicMs();
  while (!end && !signal.aborted) {
    const [line = ""] = await lastLines(context.files, log, 1);
    output.progress(`${title}, ${Math.round((clock.monotonicMs() - start) / 1000)} s ${line}`);
    await Promise.race([process.ended, clock.sleep(500, signal)]);
  }
  if (signal.aborted) {
    await process.end(2000);
    throw new RunError(`Interrupted: ${title}; the next run begins it again`);
  }
  if (end!.code !== 0) {
    const lines = await lastLines(context.files, log, 15);
    throw new RunError(
      `${title} failed with exit code ${end!.code}; the end of ${log}:\n` +
        lines.map((line) => `  ${line}`).join("\n"),
    );
  }
}
