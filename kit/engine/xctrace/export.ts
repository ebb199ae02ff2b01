/**
 * Gets the tables out of a trace: `xctrace export`, bounded in time and bytes.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { messageOf } from "../../contract/errors.ts";
import { isThere } from "../../contract/is_there.ts";
import { lastLines } from "../system/log_tail.ts";

/** What to export and how long that may take. */
export interface ExportTask {
  trace: string;
  /** The table's schema; without it the table of contents. */
  table?: string;
  /** Where the XML goes. */
  target: string;
  /** Receives what xctrace says. */
  logPath: string;
  timeoutMs: number;
  maxBytes: number;
}

const POLL_MS = 100;

/** Exports; returns why there is nothing, or undefined. Goes on when the run was interrupted. */
export async function exportXml(
  context: RunContext,
  task: ExportTask,
): Promise<string | undefined> {
  const { clock, files, processes } = context;
  const { trace, table, target, logPath } = task;
  const what = table === undefined
    ? ["--toc"]
    : ["--xpath", `/trace-toc/run[@number="1"]/data/table[@schema="${table}"]`];
  const start = clock.monotonicMs();
  try {
    const process = await processes.start({
      argv: ["xctrace", "export", "--input", trace, "--output", target, ...what],
      stdoutPath: logPath,
      stderrPath: logPath,
    });
    let end: { code: number } | undefined;
    while (end === undefined) {
      end = await Promise.race([process.ended, clock.sleep(POLL_MS).then(() => undefined)]);
      const size = await files.stat(target).then((stat) => stat.size, () => 0);
      const late = clock.monotonicMs() - start > task.timeoutMs;
      if (!late && size <= task.maxBytes) continue;
      await process.end(1000);
      return late
        ? `its export took longer than ${Math.round(task.timeoutMs / 1000)} s`
        : `its export became larger than ${(task.maxBytes / 1e9).toFixed(1)} GB`;
    }
    await process.end(1000);
    if (end.code !== 0) {
      const [said = "no reason given"] = await lastLines(files, logPath, 1);
      return `xctrace export ended with exit code ${end.code}: ${said}`;
    }
    const there = await isThere(files, target);
    return there ? undefined : "xctrace export wrote nothing";
  } catch (error) {
    return messageOf(error);
  }
}
