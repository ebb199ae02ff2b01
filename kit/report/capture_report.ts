/**
 * The last word of a recipe whose recording a GUI of NVIDIA's opens.
 *
 * @module
 */

import type { RunContext } from "../contract/context.ts";
import type { Outcome } from "../contract/recipe.ts";
import { readManifest } from "../bundle/manifest_file.ts";
import { generateReport } from "./generate.ts";

/**
 * Writes the page of an outcome's bundle, and says how page and recording are opened.
 *
 * @param what What the GUI shows, as `the timeline`.
 */
export async function withReportAndGui(
  context: RunContext,
  outcome: Outcome,
  what: string,
): Promise<Outcome> {
  const { bundle } = outcome;
  if (bundle === undefined) return outcome;
  const { path: report } = await generateReport(context.files, bundle);
  const open = (await readManifest(context.files, bundle))?.capture?.["open_with"];
  if (typeof open === "string") context.output.note(`Open ${what} in the GUI: ${open}`);
  context.output.note(`Open in a browser: ${report}`);
  return {
    ...outcome,
    json: { ...outcome.json, report, ...(typeof open === "string" ? { open_with: open } : {}) },
    text: report,
  };
}
