/**
 * A recording that is read later, perhaps by another vscope.
 *
 * What the proof needs lies beside the recording until then: the planted secrets, and a digest by which
 * the environment of the recording is known again. No value of a variable is stored.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { FileSystem, RunContext } from "../../contract/context.ts";
import { RunError } from "../../contract/errors.ts";
import { isThere } from "../../contract/is_there.ts";
import type { Invocation } from "../../contract/recipe.ts";
import type { Manifest } from "../../bundle/manifest.ts";
import { writeManifest } from "../../bundle/manifest_file.ts";
import type { OpenCapture } from "../capture_run.ts";
import type { FoundTool } from "./find_tool.ts";
import { type Needle, type Planted, type Plants, plantSecrets } from "./secrets.ts";

/** There while a recording waits to be read. */
export const RECORDED_NAME = ".recorded.json";

/** The note of a bundle that waits. */
export const WAITS = "What was recorded has not been read yet";

interface Recorded {
  planted: Planted;
  tool: FoundTool;
  salt: string;
  digest: string;
}

/** A recording that waits. */
export interface KeptRecording {
  /** The profiler that recorded. */
  tool: FoundTool;
  plants: Plants;
  /** Why its files cannot be proven to hold no secret; absent where they can. */
  unproven?: string;
}

/** Keeps a recording, which counts as done from then on. */
export async function keepRecording(
  { files }: RunContext,
  bundle: OpenCapture,
  plants: Plants,
  tool: FoundTool,
): Promise<void> {
  const salt = crypto.randomUUID();
  const digest = digestOf(salt, plants.needles);
  const recorded: Recorded = { planted: plants.planted, tool, salt, digest };
  const path = `${bundle.dir}/${RECORDED_NAME}`;
  // Facts of the recording come first.
  await writeManifest(files, bundle.dir, bundle.manifest);
  await files.writeTextFile(`${path}.tmp`, JSON.stringify(recorded));
  await files.rename(`${path}.tmp`, path);
  bundle.captured = true;
  bundle.note("error", WAITS);
}

/** Whether a recording waits. */
export async function isKept(files: FileSystem, dir: string): Promise<boolean> {
  return await isThere(files, `${dir}/${RECORDED_NAME}`);
}

/**
 * Takes up a recording that waits.
 *
 * @throws {RunError} when there is none.
 */
export async function takeUpRecording(
  files: FileSystem,
  dir: string,
  { env, command }: Invocation,
  passEnv: readonly string[] = [],
): Promise<KeptRecording> {
  let recorded: Recorded;
  try {
    recorded = JSON.parse(await files.readTextFile(`${dir}/${RECORDED_NAME}`));
  } catch {
    throw new RunError(
      `Cannot read what was recorded: there is no whole "${dir}/${RECORDED_NAME}"`,
    );
  }
  const plants = plantSecrets(env, passEnv, command, recorded.planted);
  return {
    tool: recorded.tool,
    plants,
    ...(digestOf(recorded.salt, plants.needles) === recorded.digest
      ? {}
      : { unproven: "perhaps variables that are set no more" }),
  };
}

/** Forgets that a recording waited. */
export async function forgetRecording(files: FileSystem, dir: string): Promise<void> {
  await files.remove(`${dir}/${RECORDED_NAME}`);
}

/** Takes back what a vscope said that did not get as far as this one. */
export function takeBack(manifest: Manifest): void {
  manifest.notes = manifest.notes.filter(({ message, severity }) =>
    message !== WAITS && !(severity === "error" && message.startsWith("vscope itself was killed"))
  );
}

function digestOf(salt: string, needles: readonly Needle[]): string {
  const texts = needles.map(({ text }) => text).toSorted();
  return createHash("sha256").update(JSON.stringify([salt, texts])).digest("hex");
}
