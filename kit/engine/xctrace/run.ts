/**
 * A recording from the guards to the closed bundle.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { messageOf, RunError } from "../../contract/errors.ts";
import type { Options } from "../../contract/option.ts";
import type { Outcome, Plan } from "../../contract/recipe.ts";
import { shellWord } from "../../contract/shell_word.ts";
import { readExport } from "../../analysis/xctrace/export_table.ts";
import { TABLES, XCTRACE_NAME, XctraceSummarizer } from "../../analysis/xctrace/summary.ts";
import { readContents, type TraceContents } from "../../analysis/xctrace/toc.ts";
import { measureTrace } from "../../bundle/trace_folder.ts";
import { type OpenCapture, runCapture } from "../capture_run.ts";
import { requireFreePort } from "../free_port.ts";
import { diskGuard } from "../mac/disk_guard.ts";
import { ask, type Guard, passGuards } from "../mac/guard.ts";
import { platformGuard, xcodeGuard, xctraceGuard } from "../mac/mac_guards.ts";
import { sendSignal } from "../process_table.ts";
import { onPath, pythonFacts, pythonOf, unwrapped } from "../python_of.ts";
import { waitUntilHealthy } from "../readiness.ts";
import { sendRequests } from "../requests.ts";
import { servedModel } from "../metal/completion.ts";
import type { XctraceValues } from "./options.ts";
import { exportXml } from "./export.ts";
import { readTask, TRACE_NAME, type XctraceTask } from "./plan.ts";

/**
 * xctrace's exit code when it ended a launched process itself, at the time limit or on request; the
 * trace is whole.
 */
const ENDED_TARGET = 54;

/** Runs the plan. @throws {UsageError} when a guard refuses; nothing was started then. */
export async function runXctrace<O extends Options>(
  context: RunContext,
  plan: Plan<O> & { values: XctraceValues },
): Promise<Outcome> {
  const { values, out } = plan;
  const task = readTask(values, plan.invocation);
  const need = { expected: plan.diskBytes ?? 0, upper: 10 * (plan.diskBytes ?? 0) };
  const guards = await passGuards(context, "xctrace", [
    platformGuard,
    xcodeGuard,
    xctraceGuard,
    diskGuard(out, need),
    ...(task.command.length > 0 ? [programGuard(task.command)] : []),
  ]);
  if (task.server) requireFreePort("xctrace", task.server.host, task.server.port);
  const interpreter = await pythonOf(context, task.command);
  const outcome = await runCapture(context, {
    recipe: "xctrace",
    plan: plan as unknown as Plan<Options>,
    python: interpreter === undefined ? undefined : await pythonFacts(context, interpreter),
    async capture(bundle) {
      const version = (name: string) => guards.find((guard) => guard.name === name)?.version;
      const [macos, xcode] = [version("platform"), version("xctrace")];
      Object.assign(bundle.manifest.versions, macos ? { macos } : {}, xcode ? { xcode } : {});
      for (const { name, outcome: found, found: seen } of guards) {
        if (found !== "ok") bundle.note("warning", `Guard "${name}": ${seen}`);
      }
      await record(context, bundle, values, task);
      await readTrace(context, bundle, values, task);
    },
  });
  const trace = `${out}/${TRACE_NAME}`;
  if (values.open && outcome.status !== "failed") await openTrace(context, trace);
  return {
    ...outcome,
    json: { ...outcome.json, trace },
    text: outcome.status === "failed" ? out : `${out}\nopen ${shellWord(trace)}`,
  };
}

/** The program that xctrace is to launch: xctrace itself would say so late. */
function programGuard(command: readonly string[]): Guard {
  return async (context) => {
    const program = unwrapped(command)[0] ?? "";
    const place = await onPath(context, program);
    return place === undefined
      ? {
        name: "program",
        outcome: "refused",
        found: `there is no program "${program}"`,
        remedy: "correct its name, or activate its environment",
      }
      : { name: "program", outcome: "ok", found: place };
  };
}

/** Runs xctrace until its time is up, the requests are answered, or a person has had enough. */
async function record(
  context: RunContext,
  bundle: OpenCapture,
  values: XctraceValues,
  { argv, server }: XctraceTask,
): Promise<void> {
  const during = values.requests === 0 || !server ? undefined : async (
    process: Parameters<typeof waitUntilHealthy>[1],
    logPath: string,
  ) => {
    const { baseUrl } = server;
    await waitUntilHealthy(context, process, {
      baseUrl,
      logPath,
      timeoutMs: 1000 * values.startTimeout,
    });
    const { id } = await servedModel(context, { baseUrl, timeoutMs: 30_000 });
    bundle.manifest.engine["model"] = id;
    const results = await sendRequests(context, {
      baseUrl,
      model: id,
      count: values.requests,
      concurrency: values.concurrency,
      seed: 1,
      maxPromptWords: 300,
      maxTokens: 96,
    });
    const bad = results.filter(({ ok }) => !ok);
    if (bad.length > 0) {
      throw new RunError(`${bad.length} requests failed, the first with ${bad[0]!.error}`);
    }
  };
  const { end, byItself, well } = await bundle.run({
    argv,
    env: {},
    graceMs: 5000,
    // A TERM would lose the recording; after an INT xctrace saves it.
    asked: { signal: "SIGINT", waitMs: 1000 * values.saveTimeout },
    goodCodes: [0, ENDED_TARGET],
    ...(during ? { during } : {}),
  });
  if (!byItself && !well) {
    bundle.note(
      "warning",
      `xctrace ended with ${end.signal ?? `exit code ${end.code}`} when asked to`,
    );
  }
}

/** Measures the trace, and makes figures of its tables. */
async function readTrace(
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
    const running = await ask(context, "ps", "-o", "command=", "-p", String(pid));
    return running !== undefined && command.slice(1).every((word) => running.includes(word));
  };
  if (!await isOurs()) return;
  context.output.note(
    `Ending ${target.name ?? "the command"} (${pid}), which xctrace left running`,
  );
  sendSignal(pid, "SIGTERM");
  for (let tries = 0; tries < 100 && await isOurs(); tries++) await context.clock.sleep(100);
  if (await isOurs()) sendSignal(pid, "SIGKILL");
}

async function openTrace(context: RunContext, trace: string): Promise<void> {
  try {
    const { code, stderr } = await context.processes.capture(["open", trace]);
    if (code !== 0) throw new RunError(stderr.trim() || `exit code ${code}`);
  } catch (error) {
    context.output.warn(`open ${shellWord(trace)} failed: ${messageOf(error)}`);
  }
}
