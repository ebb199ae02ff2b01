/**
 * A recording of nsys that is exported and analysed later, perhaps by another vscope.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import type { Invocation, Outcome } from "../../contract/recipe.ts";
import { writeManifest } from "../../bundle/manifest_file.ts";
import { continueCapture, type OpenCapture } from "../capture_run.ts";
import {
  forgetRecording,
  keepRecording,
  takeBack,
  takeUpRecording,
} from "../nvidia/kept_recording.ts";
import type { NsysCapture } from "./capture_facts.ts";
import { analyzeExport, type Collection, exportRecording } from "./collect.ts";
import type { NsysValues } from "./options.ts";

/** Keeps a recording for {@linkcode exportLater}. */
export async function keepForLater(
  context: RunContext,
  bundle: OpenCapture,
  { plants, nsys }: Collection,
): Promise<void> {
  await keepRecording(context, bundle, plants, nsys);
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
    takeBack(bundle.manifest);
    const { tool, ...kept } = await takeUpRecording(context.files, dir, invocation, values.passEnv);
    const exported = await exportRecording(context, bundle, {
      nsys: tool,
      ...kept,
      capture: bundle.manifest.capture as unknown as NsysCapture,
      keepRep: values.keepRep,
      timeoutSec: values.stopTimeout,
    });
    if (!exported) return;
    await writeManifest(context.files, dir, bundle.manifest);
    await forgetRecording(context.files, dir);
  });
}

/** Analyses an export of {@linkcode exportLater}. */
export async function analyzeLater(
  context: RunContext,
  dir: string,
  invocation: Invocation,
): Promise<Outcome> {
  return await continueCapture(context, dir, invocation, async (bundle) => {
    takeBack(bundle.manifest);
    await analyzeExport(context, bundle);
  });
}
