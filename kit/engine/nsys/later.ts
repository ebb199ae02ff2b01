/**
 * A recording that is exported and analysed later, perhaps by another vscope.
 *
 * What the proof needs lies beside the recording until then: the planted secrets, and a digest by which
 * the environment of the recording is known again. No value of a variable is stored.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { FileSystem, RunContext } from "../../contract/context.ts";
import { RunError } from "../../contract/errors.ts";
import type { Invocation, Outcome } from "../../contract/recipe.ts";
import { writeManifest } from "../../bundle/manifest_file.ts";
import { continueCapture, type OpenCapture } from "../capture_run.ts";
import type { NsysCapture } from "./capture_facts.ts";
import { analyzeExport, type Collection, exportRecording } from "./collect.ts";
import type { FoundNsys } from "./find_nsys.ts";
import type { NsysValues } from "./options.ts";
import { type Needle, type Planted, plantSecrets } from "../nvidia/secrets.ts";

/** There while a recording waits for its export. */
export const RECORDED_NAME = ".recorded.json";

/** The note of a bundle that waits for its export. */
export const WAITS = "What nsys recorded has not been exported yet";

/** What is kept of a recording until it is exported. */
interface Recorded {
  planted: Planted;
  nsys: FoundNsys;
  salt: string;
  digest: string;
}

/** Keeps a recording for {@linkcode exportLater}. */
export async function keepForLater(
  context: RunContext,
  bundle: OpenCapture,
  { plants, nsys }: Collection,
): Promise<void> {
  const salt = crypto.randomUUID();
  const recorded: Recorded = {
    planted: plants.planted,
    nsys,
    salt,
    digest: digestOf(salt, plants.needles),
  };
  const path = `${bundle.dir}/${RECORDED_NAME}`;
  // Facts of the recording come first: with the file the recording counts as done.
  await writeManifest(context.files, bundle.dir, bundle.manifest);
  await context.files.writeTextFile(`${path}.tmp`, JSON.stringify(recorded));
  await context.files.rename(`${path}.tmp`, path);
  bundle.captured = true;
  bundle.note("error", WAITS);
}

/** Whether a recording waits for its export. */
export async function waitsForExport(files: FileSystem, dir: string): Promise<boolean> {
  return await files.stat(`${dir}/${RECORDED_NAME}`).then(() => true, () => false);
}

/**
 * Exports a recording of {@linkcode keepForLater}.
 *
 * @throws {UsageError} when another vscope works on it.
 */
export async function exportLater(
  context: RunContext,
  dir: string,
  values: NsysValues,
  invocation: Invocation,
): Promise<Outcome> {
  return await continueCapture(context, dir, invocation, async (bundle) => {
    takeBack(bundle);
    const recorded = await readRecorded(context.files, dir);
    const capture = bundle.manifest.capture as unknown as NsysCapture;
    const plants = plantSecrets(
      invocation.env,
      values.passEnv ?? [],
      invocation.command,
      recorded.planted,
    );
    const same = digestOf(recorded.salt, plants.needles) === recorded.digest;
    const exported = await exportRecording(context, bundle, {
      nsys: recorded.nsys,
      plants,
      capture,
      keepRep: values.keepRep,
      timeoutSec: values.stopTimeout,
      ...(same ? {} : { unproven: "perhaps variables that are set no more" }),
    });
    if (!exported) return;
    await writeManifest(context.files, dir, bundle.manifest);
    await context.files.remove(`${dir}/${RECORDED_NAME}`);
  });
}

/** Analyses an export of {@linkcode exportLater}. */
export async function analyzeLater(
  context: RunContext,
  dir: string,
  invocation: Invocation,
): Promise<Outcome> {
  return await continueCapture(context, dir, invocation, async (bundle) => {
    takeBack(bundle);
    await analyzeExport(context, bundle);
  });
}

/** Takes back what a vscope said that did not get as far as this one. */
function takeBack({ manifest }: OpenCapture): void {
  manifest.notes = manifest.notes.filter(({ message, severity }) =>
    message !== WAITS && !(severity === "error" && message.startsWith("vscope itself was killed"))
  );
}

async function readRecorded(files: FileSystem, dir: string): Promise<Recorded> {
  try {
    return JSON.parse(await files.readTextFile(`${dir}/${RECORDED_NAME}`)) as Recorded;
  } catch {
    throw new RunError(`Cannot export the recording: "${dir}/${RECORDED_NAME}" cannot be read`);
  }
}

function digestOf(salt: string, needles: readonly Needle[]): string {
  const texts = needles.map(({ text }) => text).toSorted();
  return createHash("sha256").update(JSON.stringify([salt, texts])).digest("hex");
}
