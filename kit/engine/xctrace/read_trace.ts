/**
 * From a trace to its figures.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { RunError } from "../../contract/errors.ts";
import { readExport } from "../../analysis/xctrace/export_table.ts";
import { TABLES, XCTRACE_NAME, XctraceSummarizer } from "../../analysis/xctrace/summary.ts";
import { readContents, type TraceContents } from "../../analysis/xctrace/toc.ts";
import { measureTrace } from "../../bundle/files/trace_folder.ts";
import type { OpenCapture } from "../capture_run.ts";
import { ask } from "../mac/guard.ts";
import { sendSignal } from "../system/process_table.ts";
import { baseName, unwrapped } from "../python/python_of.ts";
import { exportXml } from "./export.ts";
import type { XctraceValues } from "./options.ts";
import { TRACE_NAME, type XctraceTask } from "./plan.ts";

/**
 * Measures the trace, and makes figures of its tables. Goes on when the run was interrupted: that is
 * how a recording is ended.
 *
 * @throws {RunError} when there is no trace, or nothing in it can be read.
 */
export async function readTrace(
  context: RunContext,
  bundle: OpenCapture,
  values: XctraceValues,
  task: XctraceTask,
): Promise<void> {
  const { files } = context;
  const trace = `${bundle.dir}/${TRACE_NAME}`;
  const size = await measureTrace(files, trace);
  if (size.apparentBytes === 0) {
    throw new RunError(`xctrace left no trace; look into ${bundle.dir}/logs/ for the reason`);
  }
  bundle.captured = true;
  bundle.manifest.captures = [{
    path: TRACE_NAME,
    files: size.files,
    apparent_bytes: size.apparentBytes,
    ...(size.allocatedBytes === undefined ? {} : { allocated_bytes: size.allocatedBytes }),
  }];
  const scratch = await files.makeTempDir({ prefix: "vscope-xctrace-" });
  const bounds = {
    trace,
    logPath: `${bundle.dir}/logs/export.log`,
    timeoutMs: 1000 * values.exportTimeout,
    maxBytes: values.exportLimit,
  };
  try {
    context.output.progress("Reading the trace's table of contents");
    const toc = `${scratch}/toc.xml`;
    const failure = await exportXml(context, { ...bounds, target: toc });
    if (failure) throw new RunError(`The trace's table of contents cannot be read: ${failure}`);
    const contents = await readContents(files, toc);
    if (contents.problem) {
      bundle.note("warning", `The trace's table of contents is not whole: ${contents.problem}`);
    }
    await endTarget(context, contents, task);
    const figures = new XctraceSummarizer();
    for (const table of TABLES) {
      if (!contents.tables.includes(table)) {
        figures.read(table, 0, "the trace has no such table");
        continue;
      }
      context.output.progress(`Reading ${table}`);
      const target = `${scratch}/${table}.xml`;
      const why = await exportXml(context, { ...bounds, table, target });
      if (why) {
        figures.read(table, 0, why);
        bundle.note("warning", `The table ${table} is left out: ${why}`);
      } else {
        const take = figures.take.bind(figures, table);
        const { rows, unresolved, problem } = await readExport(files, target, take);
        const note = problem ??
          (unresolved > 0
            ? `${unresolved} of its values refer to others that are lost`
            : undefined);
        figures.read(table, rows, note);
        if (note) bundle.note("warning", `The table ${table} is not whole: ${note}`);
      }
      await files.remove(target).catch(() => {});
    }
    await files.writeTextFile(
      `${bundle.dir}/${XCTRACE_NAME}`,
      JSON.stringify(figures.summary(contents), null, 2) + "\n",
    );
  } finally {
    await files.remove(scratch, { recursive: true }).catch(() => {});
  }
}

/**
 * Whether a line of `ps` is of a command: a script stands behind its interpreter there, and what only
 * changes how a command runs (`env`, `nice`) is gone.
 */
export function isThatCommand(line: string, command: readonly string[]): boolean {
  const [program, ...words] = unwrapped(command);
  if (program === undefined) return false;
  const running = line.split(/\s+/).map(baseName);
  return running.includes(baseName(program)) && words.every((word) => line.includes(word));
}

/**
 * Ends the launched process if xctrace has left it: it is started by a service of the system, and
 * so is no descendant of ours.
 */
async function endTarget(
  context: RunContext,
  { target }: TraceContents,
  { command }: XctraceTask,
): Promise<void> {
  const pid = target?.pid;
  if (target?.type !== "launched" || pid === undefined || command.length === 0) return;
  // The number may belong to somebody else by now.
  const isOurs = async () => {
    const running = await ask(context, "ps", "-ww", "-o", "command=", "-p", String(pid));
    return running !== undefined && isThatCommand(running, command);
  };
  if (!await isOurs()) return;
  context.output.note(
    `Ending ${target.name ?? "the command"} (${pid}), which xctrace left running`,
  );
  sendSignal(pid, "SIGTERM");
  for (let tries = 0; tries < 100 && await isOurs(); tries++) await context.clock.sleep(100);
  if (await isOurs()) sendSignal(pid, "SIGKILL");
}
