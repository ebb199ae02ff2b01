/**
 * A frame capture from the guards to the closed bundle.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { messageOf, RunError, UsageError } from "../../contract/errors.ts";
import type { Options } from "../../contract/option.ts";
import type { Outcome, Plan } from "../../contract/recipe.ts";
import { shellWord } from "../../contract/shell_word.ts";
import { METAL_NAME, type MetalRecord } from "../../bundle/metal_record.ts";
import { type OpenCapture, runCapture } from "../capture_run.ts";
import { LOGS } from "../guided_command.ts";
import { freeBytes } from "../mac/disk_guard.ts";
import { passGuards } from "../mac/guard.ts";
import type { PythonFacts } from "../python/python_of.ts";
import { waitUntilHealthy } from "../server/readiness.ts";
import { absolute } from "../session/session_plan.ts";
import { billionsOf, estimateCapture } from "./estimate.ts";
import { metalGuards, offlinePython } from "./guards.ts";
import { layersOf } from "./model_layers.ts";
import { captureOffline } from "./offline_run.ts";
import type { MetalValues } from "./options.ts";
import { prefixOf } from "./plan.ts";
import { type MetalTask, readTask } from "./task.ts";
import { captureFromServer } from "./server_captures.ts";
import { listTraces, measureNew, recordOf } from "./traces.ts";

/**
 * Runs the plan.
 *
 * @throws {UsageError} when a guard refuses; nothing was started then.
 */
export async function runMetal<O extends Options>(
  context: RunContext,
  plan: Plan<O> & { values: MetalValues },
): Promise<Outcome> {
  const { values, invocation } = plan;
  const task = await resolved(context, values, readTask(values, invocation));
  const estimate = estimateCapture({
    billions: values.parameters ?? (task.model ? billionsOf(task.model) : undefined),
    layers: values.layers ?? (task.model ? await layersOf(context, task.model) : undefined),
    maxTokens: values.maxTokens,
    captures: values.captures,
  });
  let python: PythonFacts | undefined;
  const guards = await passGuards(
    context,
    "metal",
    metalGuards(task, estimate, values, invocation.env, (facts) => python = facts),
    values.onlyWarn,
  );
  const record: MetalRecord = {
    schema_version: 1,
    form: task.form,
    trace_dir: task.traceDir,
    ...(task.memoryFraction === undefined ? {} : { memory_fraction: task.memoryFraction }),
    max_tokens: values.maxTokens,
    estimate,
    guards,
    captures: [],
  };
  const planned = {
    ...plan,
    processes: task.process ? [task.process] : [],
  } as unknown as Plan<Options>;
  const outcome = await runCapture(context, {
    recipe: "metal",
    plan: planned,
    python,
    capture: (bundle) => capture(context, bundle, plan, task, record),
  });
  const open = record.captures.flatMap(({ verified, traces }) => verified ? traces : [])
    .map(({ path }) => absolute(path, plan.out));
  if (values.open) await openInXcode(context, open);
  return {
    ...outcome,
    json: { ...outcome.json, captures: record.captures, open },
    text: [plan.out, ...open.map((path) => `open ${shellWord(path)}`)].join("\n"),
  };
}

/** The task with the Python that the plan could not look for. */
async function resolved(
  context: RunContext,
  values: MetalValues,
  task: MetalTask,
): Promise<MetalTask> {
  if (task.form !== "offline" || !task.process) return task;
  const [, ...rest] = task.process.argv;
  const argv = [await offlinePython(context, values.python), ...rest];
  return { ...task, process: { ...task.process, argv } };
}

async function capture(
  context: RunContext,
  bundle: OpenCapture,
  plan: Plan<Options> & { values: MetalValues },
  task: MetalTask,
  record: MetalRecord,
): Promise<void> {
  const { values, invocation } = plan;
  for (const warning of plan.warnings) bundle.note("warning", warning);
  for (const { name, outcome, found } of record.guards) {
    const told = plan.warnings.includes(found);
    if (!told && outcome !== "ok") bundle.note("warning", `Guard "${name}": ${found}`);
  }
  const version = (name: string) => record.guards.find((guard) => guard.name === name)?.version;
  const macos = version("platform");
  if (macos) bundle.manifest.versions.macos = macos;
  if (task.memoryFraction !== undefined) {
    bundle.manifest.engine["metal_memory_fraction"] = task.memoryFraction;
  }
  await makeTraceDir(context, task);
  const before = await listTraces(context, task.traceDir);
  const prefix = (number: number) => prefixOf(values, invocation, number);
  try {
    if (task.form === "offline") {
      const { argv, env } = task.process!;
      const { traceDir, model = "" } = task;
      await captureOffline(context, bundle, record, { model, traceDir, argv, env, values, prefix });
    } else {
      await captureOver(context, bundle, record, task, values, prefix);
    }
  } finally {
    await sweep(context, bundle, task, record, before);
    await noteFullDisk(context, bundle, task.traceDir);
    bundle.manifest.captures = record.captures.flatMap(({ traces }) => traces);
    await context.files
      .writeTextFile(`${bundle.dir}/${METAL_NAME}`, JSON.stringify(record, null, 2) + "\n")
      .catch((error) => {
        bundle.note("error", `${METAL_NAME} could not be written: ${messageOf(error)}`);
      });
  }
}

/** Less than this, and what was written last is not to be trusted. */
const FULL_BYTES = 64e6;

/** A full disk cuts a trace short, and nobody else would say so. */
async function noteFullDisk(
  context: RunContext,
  bundle: OpenCapture,
  traceDir: string,
): Promise<void> {
  const free = await freeBytes(context, traceDir);
  if (free === undefined || free >= FULL_BYTES) return;
  bundle.note(
    "error",
    `The disk of "${traceDir}" is full (${
      Math.round(free / 1e6)
    } MB left): the traces may be cut ` +
      "short; free some space and capture again",
  );
}

/** Captures over HTTP, from a server that is started for it or that runs already. */
async function captureOver(
  context: RunContext,
  bundle: OpenCapture,
  record: MetalRecord,
  task: MetalTask,
  values: MetalValues,
  prefix: (number: number) => string,
): Promise<void> {
  const { baseUrl = "", traceDir } = task;
  const apiKey = values.apiKey ?? task.apiKey;
  const capture = (logs: readonly string[]) =>
    captureFromServer(context, bundle, record, {
      baseUrl,
      apiKey,
      traceDir,
      logs,
      values,
      prefix,
    });
  if (!task.process) {
    await capture(
      values.serverLog === undefined ? [] : [absolute(values.serverLog, context.cwd)],
    );
    return;
  }
  const logs = [`${bundle.dir}/${LOGS.stdout}`, `${bundle.dir}/${LOGS.stderr}`];
  let work: Promise<void> = Promise.resolve();
  await bundle.run({
    argv: task.process.argv,
    env: task.process.env,
    graceMs: 1000 * values.grace,
    during(process, logPath) {
      work = (async () => {
        const timeoutMs = 1000 * values.startTimeout;
        await waitUntilHealthy(context, process, { baseUrl, logPath, timeoutMs });
        await capture(logs);
      })();
      return work;
    },
  });
  // An interruption ends the server first; what was under way then fails soon, and is recorded.
  await work.catch(() => {});
}

async function makeTraceDir(context: RunContext, task: MetalTask): Promise<void> {
  if (task.form === "attach") {
    const isFolder = await context.files.stat(task.traceDir).then((s) => s.isDirectory, () => true);
    if (isFolder) return;
    throw new UsageError(`Cannot run metal: --trace-dir "${task.traceDir}" is no folder`);
  }
  try {
    await context.files.mkdir(task.traceDir, { recursive: true });
  } catch (error) {
    throw new UsageError(
      `Cannot write traces to "${task.traceDir}": ${messageOf(error)}; ` +
        "give a folder that you may write to with --trace-dir",
    );
  }
}

/** Lists traces of captures that did not come to their end. */
async function sweep(
  context: RunContext,
  bundle: OpenCapture,
  task: MetalTask,
  record: MetalRecord,
  before: readonly string[],
): Promise<void> {
  const claimed = record.captures.flatMap(({ traces }) => traces.map(({ path }) => path));
  const left = (await measureNew(context, task.traceDir, before))
    .map((trace) => recordOf(trace, bundle.dir))
    .filter(({ path }) => !claimed.includes(path));
  const last = record.captures.at(-1);
  if (last && !last.verified) {
    last.traces.push(...left);
    if (context.signal.aborted) last.problem = "it was interrupted: its trace may not be whole";
  }
  const interrupted = context.signal.aborted && last && !last.verified ? last.traces : [];
  for (const { path } of new Set([...left, ...interrupted])) {
    bundle.note(
      "warning",
      `The trace ${path} may not be whole: its capture was not carried through`,
    );
  }
}

async function openInXcode(context: RunContext, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) context.output.warn("There is no verified trace to open");
  for (const path of paths) {
    try {
      const { code, stderr } = await context.processes.capture(["open", path]);
      if (code !== 0) throw new RunError(stderr.trim() || `exit code ${code}`);
    } catch (error) {
      context.output.warn(`open ${shellWord(path)} failed: ${messageOf(error)}`);
    }
  }
}
