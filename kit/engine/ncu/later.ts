/**
 * Launches that ncu measured and that are read later, perhaps by another vscope.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { isThere } from "../../contract/is_there.ts";
import type { Invocation, Outcome } from "../../contract/recipe.ts";
import { ANALYSIS_NAME } from "../../analysis/capture/stored.ts";
import { continueCapture, type OpenCapture } from "../capture_run.ts";
import {
  forgetRecording,
  keepRecording,
  takeBack,
  takeUpRecording,
} from "../nvidia/kept_recording.ts";
import type { NcuCapture } from "./capture_facts.ts";
import { type Collection, collectReport } from "./collect.ts";
import type { NcuValues } from "./options.ts";
import { readTask } from "./plan.ts";

/** Keeps a report for {@linkcode collectLater}. */
export async function keepForLater(
  context: RunContext,
  bundle: OpenCapture,
  { plants, ncu }: Collection,
): Promise<void> {
  await keepRecording(context, bundle, plants, ncu);
}

/**
 * Makes table and analysis of a report of {@linkcode keepForLater}.
 *
 * @throws {UsageError} when another vscope works on it.
 */
export async function collectLater(
  context: RunContext,
  dir: string,
  values: NcuValues,
  invocation: Invocation,
): Promise<Outcome> {
  return await continueCapture(context, dir, invocation, async (bundle) => {
    takeBack(bundle.manifest);
    const { tool, ...kept } = await takeUpRecording(context.files, dir, invocation, values.passEnv);
    await collectReport(context, bundle, {
      ncu: tool,
      ...kept,
      capture: bundle.manifest.capture as unknown as NcuCapture,
      filter: readTask(values, invocation).filter,
      keepRep: values.keepRep,
      timeoutSec: values.stopTimeout,
    });
    const read = await isThere(context.files, `${dir}/${ANALYSIS_NAME}`);
    if (read) await forgetRecording(context.files, dir);
  });
}
