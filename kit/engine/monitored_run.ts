/**
 * A vLLM command with the session profilers in it, from its start to the merged bundle.
 *
 * @module
 */

import type { ProcessEnd, RunContext, RunningProcess } from "../contract/context.ts";
import { messageOf, RunError } from "../contract/errors.ts";
import { INTERRUPTED } from "../contract/execute.ts";
import type { Options } from "../contract/option.ts";
import type { Outcome, Plan } from "../contract/recipe.ts";
import { VERSION } from "../contract/version.ts";
import { thisProcess } from "../bundle/liveness.ts";
import {
  BUNDLE_SCHEMA_VERSION,
  type BundleNote,
  type BundleStatus,
  type Manifest,
} from "../bundle/manifest.ts";
import { writeManifest } from "../bundle/manifest_file.ts";
import { mergeSession } from "../bundle/merge.ts";
import { makeSessionFolder } from "../bundle/session_folder.ts";
import { listDevices } from "./devices.ts";
import { writeHooks } from "./hooks_package.ts";
import { lastLines, LogFollower } from "./log_tail.ts";
import { type PythonFacts } from "./python_of.ts";
import { HOOKS_FOLDER, type SessionValues, togglesOf } from "./session_options.ts";
import { unsecret, unsecretArgv } from "./unsecret.ts";

/** What a run is asked to do. */
export interface MonitoredRun {
  recipe: string;
  plan: Plan<Options>;
  values: SessionValues;
  /** The interpreter that will run, where it could be told. */
  python?: PythonFacts | undefined;
  /** Hand the command's output on to ours, as if it ran alone. */
  echo: boolean;
  /** A file that some process has to leave; where none did, the bundle is partial. */
  expects?: { file: string; otherwise: string };
  /**
   * What to do while the command runs; when it is done the command is ended. Without it the run
   * lasts until the command ends by itself.
   */
  during?: (process: RunningProcess, logPath: string) => Promise<void>;
}

/** Files that the output of the command goes to, within the bundle. */
export const LOGS = { stdout: "logs/stdout.log", stderr: "logs/stderr.log" };

/**
 * Runs a command with the hooks and leaves a merged session bundle.
 *
 * @throws {UsageError} when the folder cannot be written or the command cannot be started.
 */
export async function runMonitored(context: RunContext, run: MonitoredRun): Promise<Outcome> {
  const { files } = context;
  const { out, invocation } = run.plan;
  const planned = run.plan.processes[0]!;
  await makeSessionFolder(files, out, {
    startedAt: invocation.startedAt,
    toggles: togglesOf(run.values),
    cudaEvents: run.values.useCudaEvents,
    logInterval: run.values.profilingLogInterval,
  });
  await files.mkdir(`${out}/logs`);
  await writeHooks(files, `${out}/${HOOKS_FOLDER}`);
  const manifest = await openManifest(context, run);
  await writeManifest(files, out, manifest);

  const stdoutPath = `${out}/${LOGS.stdout}`;
  const stderrPath = `${out}/${LOGS.stderr}`;
  let process: RunningProcess;
  try {
    process = await context.processes.start({
      argv: planned.argv,
      env: planned.env,
      stdoutPath,
      stderrPath,
    });
  } catch (error) {
    // Nothing has started: leave nothing.
    await files.remove(out, { recursive: true });
    throw error;
  }
  context.output.note(`Recording to ${out}`);
  manifest.processes.push({ pid: process.pid, role: "command", started_sec: 0 });
  await writeManifest(files, out, manifest);

  const stopEcho = run.echo ? echoLogs(context, stdoutPath, stderrPath, run.plan) : undefined;
  const failure = await guide(context, run, process, stderrPath);
  const death = await engineDeath(context, [stdoutPath, stderrPath]);
  const byItself = failure === undefined && run.during === undefined && !context.signal.aborted;
  if (!byItself) {
    context.output.progress("Ending vLLM");
    // What the hooks have not written yet would be lost: vLLM kills its engine as it ends.
    await context.clock.sleep(SETTLE_MS);
  }
  const end = await process.end(byItself ? 1000 : 1000 * run.values.grace);
  await stopEcho?.();

  const judged = await judge(context, run, { end, byItself, failure, death });
  if (run.expects && !(await anyProcessLeft(context, out, (name) => name === run.expects!.file))) {
    judged.notes.push({ severity: "error", message: run.expects.otherwise });
  }
  const record = manifest.processes[0]!;
  record.exit_code = end.code;
  if (end.signal) record.signal = end.signal;
  await writeManifest(files, out, manifest);
  await files.remove(`${out}/${HOOKS_FOLDER}`, { recursive: true }).catch(() => {});
  context.output.progress("Merging the session");
  const merged = await mergeSession(files, out, {
    status: judged.status,
    endedAt: context.clock.now(),
    notes: judged.notes,
  });
  return outcomeOf(context, run, merged);
}

/** Longer than the hooks take to write what they have. */
const SETTLE_MS = 600;

/** Lets the run take its course; returns why it failed. */
async function guide(
  context: RunContext,
  run: MonitoredRun,
  process: RunningProcess,
  logPath: string,
): Promise<string | undefined> {
  const interrupted = new Promise<void>((resolve) => {
    if (context.signal.aborted) resolve();
    context.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  if (!run.during) {
    await Promise.race([process.ended, interrupted]);
    return undefined;
  }
  const died = process.ended.then(({ code, signal }) => {
    throw new RunError(`vLLM ended before its work was done (${signal ?? `exit code ${code}`})`);
  });
  try {
    await Promise.race([run.during(process, logPath), died, interrupted]);
    return undefined;
  } catch (error) {
    return messageOf(error);
  } finally {
    died.catch(() => {});
  }
}

/** The lines by which vLLM's API server says that its engine has died. */
const ENGINE_DEATH = /EngineDeadError|died unexpectedly|EngineCore encountered a fatal error/;

/** Such a line, unless vLLM was already shutting down when it came. */
async function engineDeath(context: RunContext, logs: string[]): Promise<string | undefined> {
  for (const log of logs) {
    for (const line of await lastLines(context.files, log, 400)) {
      if (line.includes("[shutdown]")) break;
      if (ENGINE_DEATH.test(line)) return unsecret(line.trim().slice(0, 300));
    }
  }
  return undefined;
}

async function judge(
  context: RunContext,
  run: MonitoredRun,
  seen: {
    end: ProcessEnd;
    byItself: boolean;
    failure: string | undefined;
    death: string | undefined;
  },
): Promise<{ status: BundleStatus; notes: BundleNote[] }> {
  const notes: BundleNote[] = [];
  const error = (message: string) => notes.push({ severity: "error", message });
  if (seen.failure) error(seen.failure);
  if (seen.byItself && (seen.end.code !== 0 || seen.end.signal)) {
    error(`The command ended with ${seen.end.signal ?? `exit code ${seen.end.code}`}`);
  }
  if (seen.death) error(`vLLM's engine died: ${seen.death}`);
  if (context.signal.aborted) return { status: "interrupted", notes };
  if (notes.length === 0) return { status: "complete", notes };
  return {
    status: await anyProcessLeft(context, run.plan.out, isTable) ? "partial" : "failed",
    notes,
  };
}

const isTable = (name: string) => name.endsWith(".csv");

/** Whether any process left a file of such a name. */
async function anyProcessLeft(
  context: RunContext,
  out: string,
  wanted: (name: string) => boolean,
): Promise<boolean> {
  try {
    for await (const process of context.files.readDir(`${out}/processes`)) {
      for await (const file of context.files.readDir(`${out}/processes/${process.name}`)) {
        if (wanted(file.name)) return true;
      }
    }
  } catch {
    // No process got as far as that.
  }
  return false;
}

function outcomeOf(context: RunContext, run: MonitoredRun, manifest: Manifest): Outcome {
  const status = manifest.status ?? "failed";
  const exitCode = status === "complete"
    ? 0
    : status === "interrupted"
    ? INTERRUPTED[String(context.signal.reason)] ?? 1
    : 1;
  for (const note of manifest.notes) {
    if (note.severity === "error") context.output.error(note.message);
    if (note.severity === "warning") context.output.warn(note.message);
  }
  const { out } = run.plan;
  return {
    exitCode,
    status,
    bundle: out,
    json: {
      schema_version: 1,
      recipe: run.recipe,
      status,
      exit_code: exitCode,
      bundle: out,
      notes: manifest.notes,
    },
    text: out,
  };
}

async function openManifest(context: RunContext, run: MonitoredRun): Promise<Manifest> {
  const { invocation } = run.plan;
  const { devices, driver } = await listDevices(context);
  const { python, vllm, torch } = run.python ?? {};
  return {
    schema_version: BUNDLE_SCHEMA_VERSION,
    recipe: run.recipe,
    started_at: invocation.startedAt.toISOString(),
    contract: invocation.contract,
    command: unsecretArgv(run.plan.processes[0]!.argv),
    versions: {
      vscope: VERSION,
      deno: Deno.version.deno,
      ...(python === undefined ? {} : { python }),
      ...(vllm === undefined ? {} : { vllm }),
      ...(torch === undefined ? {} : { torch }),
      ...(driver === undefined ? {} : { driver }),
    },
    devices,
    engine: {},
    processes: [],
    hooks: [],
    dropped: {},
    artifacts: [],
    notes: [],
    open_by: await thisProcess(context.files),
  };
}

/** Follows both logs until told to stop. */
function echoLogs(
  context: RunContext,
  stdoutPath: string,
  stderrPath: string,
  plan: Plan<Options>,
): () => Promise<void> {
  const { output } = context;
  const toStdout = plan.invocation.common.json ? output.note : output.result;
  const followers = [
    new LogFollower(context.files, stdoutPath, toStdout),
    new LogFollower(context.files, stderrPath, output.note),
  ];
  const stop = new AbortController();
  const loop = (async () => {
    while (!stop.signal.aborted) {
      for (const follower of followers) await follower.poll();
      await context.clock.sleep(200, stop.signal);
    }
  })();
  return async () => {
    stop.abort();
    await loop;
    for (const follower of followers) await follower.finish();
  };
}
