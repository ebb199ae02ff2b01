/**
 * A vLLM command with the session profilers in it, from its start to the merged bundle.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";
import type { Options } from "../../contract/option.ts";
import type { Outcome, Plan } from "../../contract/recipe.ts";
import type { BundleNote, BundleStatus, Manifest } from "../../bundle/manifest.ts";
import { writeManifest } from "../../bundle/manifest_file.ts";
import { mergeSession } from "../../bundle/merge/merge.ts";
import { keepReserve } from "../../bundle/files/reserve.ts";
import {
  makeSessionFolder,
  restoreSessionFolder,
  type SessionMetadata,
} from "../../bundle/session/session_folder.ts";
import {
  type CommandEnd,
  commandRecord,
  type GuidedCommand,
  runGuided,
  troubles,
} from "../guided_command.ts";
import { writeHooks } from "../python/hooks_package.ts";
import {
  checkOwnProfilers,
  keepOwnProfilers,
  requireOwnProfilers,
} from "../python/own_profilers.ts";
import { openManifest } from "../open_manifest.ts";
import { outcomeOf } from "../outcome.ts";
import { type PythonFacts } from "../python/python_of.ts";
import { ownProfilers } from "./session_plan.ts";
import { HOOKS_FOLDER, type SessionValues, togglesOf } from "./session_options.ts";

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
  /** Begins what goes on beside the command; what it returns is called before the command is ended. */
  beside?: () => () => Promise<void>;
  /** What to do while the command runs, as in {@linkcode GuidedCommand}. */
  during?: GuidedCommand["during"];
}

/**
 * Runs a command with the hooks and leaves a merged session bundle.
 *
 * @throws {UsageError} when the folder cannot be written or the command cannot be started.
 */
export async function runMonitored(context: RunContext, run: MonitoredRun): Promise<Outcome> {
  const { files } = context;
  const { out, invocation } = run.plan;
  const { argv, env } = run.plan.processes[0]!;
  const metadata: SessionMetadata = {
    startedAt: invocation.startedAt,
    toggles: togglesOf(run.values),
    cudaEvents: run.values.useCudaEvents,
    logInterval: run.values.profilingLogInterval,
  };
  const own = ownProfilers(run.values, invocation.cwd);
  await requireOwnProfilers(context, own);
  await makeSessionFolder(files, out, metadata);
  await keepReserve(files, out);
  await files.mkdir(`${out}/logs`);
  await writeHooks(files, `${out}/${HOOKS_FOLDER}`);
  let manifest: Manifest;
  let seen: CommandEnd;
  let finish: (() => Promise<void>) | undefined;
  try {
    await checkOwnProfilers(context, own, `${out}/${HOOKS_FOLDER}`, run.python?.executable);
    await keepOwnProfilers(context, own, out);
    manifest = await openManifest(context, run.recipe, run.plan, run.python);
    await writeManifest(files, out, manifest);
    seen = await runGuided(context, {
      argv,
      env,
      dir: out,
      echo: !run.echo ? "none" : invocation.common.json ? "stderr" : "as-is",
      graceMs: 1000 * run.values.grace,
      async ending() {
        await finish?.();
        await context.clock.sleep(SETTLE_MS);
      },
      async started({ pid }) {
        context.output.note(`Recording to ${out}`);
        manifest.processes.push(commandRecord(pid));
        await writeManifest(files, out, manifest);
        finish = run.beside?.();
      },
      ...(run.during ? { during: run.during } : {}),
    });
  } catch (error) {
    // Nothing has started: leave nothing.
    if (error instanceof UsageError) await files.remove(out, { recursive: true });
    throw error;
  } finally {
    // The command may have ended by itself.
    await finish?.();
  }

  const judged = await judge(context, run, seen);
  if (await restoreSessionFolder(files, out, metadata)) {
    judged.notes.push({
      severity: "error",
      message:
        "The session's folder was removed while vLLM ran: what it held, and its logs, are lost",
    });
  }
  if (run.expects && !(await anyProcessLeft(context, out, (name) => name === run.expects!.file))) {
    judged.notes.push({ severity: "error", message: run.expects.otherwise });
  }
  await files.remove(`${out}/${HOOKS_FOLDER}`, { recursive: true }).catch(() => {});
  context.output.progress("Merging the session");
  const merged = await mergeSession(files, out, {
    status: judged.status,
    endedAt: context.clock.now(),
    notes: judged.notes,
    command: commandRecord(manifest.processes[0]!.pid, seen),
  });
  return outcomeOf(context, out, merged);
}

/** Longer than the hooks take to write what they have: what they have not would be lost. */
const SETTLE_MS = 600;

async function judge(
  context: RunContext,
  run: MonitoredRun,
  seen: CommandEnd,
): Promise<{ status: BundleStatus; notes: BundleNote[] }> {
  const notes: BundleNote[] = troubles(seen).map((message) => ({ severity: "error", message }));
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
