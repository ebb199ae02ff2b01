/**
 * A run that leaves a capture: from an empty folder to the closed bundle.
 *
 * @module
 */

import type { RunContext } from "../contract/context.ts";
import { messageOf, RunError, UsageError } from "../contract/errors.ts";
import type { Options } from "../contract/option.ts";
import type { Invocation, Outcome, Plan } from "../contract/recipe.ts";
import { folderName, makeBundleFolder } from "../bundle/bundle_folder.ts";
import { closeCapture } from "../bundle/capture_bundle.ts";
import type { BundleNote, Manifest } from "../bundle/manifest.ts";
import { writeManifest } from "../bundle/manifest_file.ts";
import {
  type CommandEnd,
  commandRecord,
  type GuidedCommand,
  runGuided,
  troubles,
} from "./guided_command.ts";
import { openManifest, reopenManifest } from "./open_manifest.ts";
import { outcomeOf } from "./outcome.ts";
import type { PythonFacts } from "./python/python_of.ts";
import { absolute } from "./session/session_plan.ts";

/** The folder that a capture goes to: `--out`, or one of its own under `./vscope-bundles/`. */
export function captureFolder(recipe: string, invocation: Invocation): string {
  const { common, cwd, startedAt, pid } = invocation;
  const chosen = common.out ?? `vscope-bundles/${folderName(recipe, startedAt, pid)}`;
  return absolute(chosen, cwd).replace(/(?<=.)\/+$/, "");
}

/** A capture's bundle while it is open. */
export interface OpenCapture {
  /** Its folder; `logs/` is there. */
  readonly dir: string;
  /** Facts may be added; status and artifacts come when it is closed. */
  readonly manifest: Manifest;
  /** Set once something of what was asked for is in the bundle: a flaw then makes it partial. */
  captured: boolean;
  /**
   * Set once everything that was asked for is in the bundle, while something runs on: Ctrl-C then
   * ends what runs on, and interrupts nothing.
   */
  settled: boolean;
  /** Adds a note; one of an error keeps the bundle from being complete. */
  note(severity: BundleNote["severity"], message: string): void;
  /**
   * Runs a command to its end, with its logs in the bundle and its troubles in the notes. Its output
   * is shown as it comes, unless `echo` or `--quiet` says otherwise.
   */
  run(
    command: Omit<GuidedCommand, "dir" | "echo" | "started"> & Partial<Pick<GuidedCommand, "echo">>,
  ): Promise<CommandEnd>;
}

/** What a run is asked to do. */
export interface CaptureRun {
  recipe: string;
  plan: Plan<Options>;
  /** The interpreter that will run, where it could be told. */
  python?: PythonFacts | undefined;
  /** Does the work; a RunError that it throws becomes a note. */
  capture(bundle: OpenCapture): Promise<void>;
}

/**
 * Makes the bundle, has the work done, and closes the bundle however that ended.
 *
 * @throws {UsageError} when the folder cannot be written, or the work begins with one; nothing is
 * left then.
 */
export async function runCapture(context: RunContext, run: CaptureRun): Promise<Outcome> {
  const { files, output } = context;
  const { out } = run.plan;
  const manifest = await openManifest(context, run.recipe, run.plan, run.python);
  await makeBundleFolder(files, out, "a capture", "--out", async () => {
    await files.mkdir(`${out}/logs`);
    await writeManifest(files, out, manifest);
  });
  output.note(`Capturing to ${out}`);
  const bundle = openCapture(context, out, run.plan.invocation, manifest);
  try {
    await run.capture(bundle);
  } catch (error) {
    if (error instanceof UsageError && !bundle.captured) {
      await files.remove(out, { recursive: true });
      throw error;
    }
    noteFailure(bundle, error);
  }
  return await close(context, bundle);
}

/**
 * Opens a capture's bundle again, has more work done, and closes it however that ended.
 *
 * @param dir Its folder.
 * @throws {UsageError} when it is none, or another vscope keeps it open.
 */
export async function continueCapture(
  context: RunContext,
  dir: string,
  invocation: Invocation,
  work: (bundle: OpenCapture) => Promise<void>,
): Promise<Outcome> {
  const manifest = await reopenManifest(context.files, dir);
  const bundle = openCapture(context, dir, invocation, manifest);
  bundle.captured = (manifest.captures ?? []).length > 0;
  try {
    await work(bundle);
  } catch (error) {
    noteFailure(bundle, error);
  }
  return await close(context, bundle);
}

function noteFailure(bundle: OpenCapture, error: unknown): void {
  const own = error instanceof RunError || error instanceof UsageError;
  bundle.note("error", own ? messageOf(error) : `vscope itself failed: ${messageOf(error)}`);
}

async function close(context: RunContext, bundle: OpenCapture): Promise<Outcome> {
  const { files } = context;
  const { dir: out, manifest } = bundle;
  const flawed = manifest.notes.some(({ severity }) => severity === "error");
  const status = context.signal.aborted && !bundle.settled
    ? "interrupted"
    : flawed && !bundle.captured
    ? "failed"
    : "complete";
  await closeCapture(files, out, manifest, { status, endedAt: context.clock.now() });
  return outcomeOf(context, out, manifest);
}

function openCapture(
  context: RunContext,
  out: string,
  invocation: Invocation,
  manifest: Manifest,
): OpenCapture {
  const { quiet, json } = invocation.common;
  const bundle: OpenCapture = {
    dir: out,
    manifest,
    captured: false,
    settled: false,
    note: (severity, message) => void manifest.notes.push({ severity, message }),
    async run(command) {
      const place = manifest.processes.length;
      const seen = await runGuided(context, {
        echo: quiet ? "none" : json ? "stderr" : "as-is",
        ...command,
        dir: out,
        async started({ pid }) {
          manifest.processes.push(commandRecord(pid));
          await writeManifest(context.files, out, manifest);
        },
      });
      manifest.processes[place] = commandRecord(manifest.processes[place]!.pid, seen);
      for (const message of troubles(seen)) bundle.note("error", message);
      return seen;
    },
  };
  return bundle;
}
