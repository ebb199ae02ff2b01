/**
 * The bundle of a batch: opened, and its end told by those of its sweeps.
 *
 * @module
 */

import type { RunContext } from "../../../contract/context.ts";
import { messageOf, UsageError } from "../../../contract/errors.ts";
import type { Options } from "../../../contract/option.ts";
import type { Plan } from "../../../contract/recipe.ts";
import type { BundleStatus, Manifest, StageRecord } from "../../../bundle/manifest.ts";
import { readManifest, writeManifest } from "../../../bundle/manifest_file.ts";
import type { sweepAllOptions } from "../../../sweep/batch/options.ts";
import { openManifest, reopenManifest } from "../../open_manifest.ts";
import type { PythonFacts } from "../../python/python_of.ts";

/** The recipe, as its bundle names it. */
export const BATCH_RECIPE = "sweep-all";

/** The folder may hold sweeps already, of whoever; it must not hold a bundle of another recipe. */
export async function openBatch(
  context: RunContext,
  plan: Plan<typeof sweepAllOptions>,
  python: PythonFacts | undefined,
): Promise<Manifest> {
  const { files } = context;
  const { out } = plan;
  const before = await readManifest(files, out);
  if (before && before.recipe !== BATCH_RECIPE) {
    throw new UsageError(
      `Cannot run sweep-all: "${out}" is a bundle of ${before.recipe}; give another folder with --out`,
    );
  }
  if (before) await reopenManifest(files, out);
  const fresh = await openManifest(context, BATCH_RECIPE, plan as unknown as Plan<Options>, python);
  const manifest = { ...fresh, stages: before?.stages ?? [] };
  try {
    await files.mkdir(`${out}/logs`, { recursive: true });
    await writeManifest(files, out, manifest);
  } catch (error) {
    throw new UsageError(
      `Cannot run sweep-all: "${out}" cannot be written (${
        messageOf(error)
      }); give another folder ` +
        "with --out",
    );
  }
  return manifest;
}

/** Whether the turn of one did not come. */
export function isWaiting(records: readonly StageRecord[]): boolean {
  return records.some(({ status }) => status === undefined);
}

/** Complete where every sweep is; failed where none left anything. */
export function statusOf(records: readonly StageRecord[]): BundleStatus {
  if (records.every(({ status }) => status === "complete")) return "complete";
  return records.some(({ status }) => status === "complete" || status === "partial")
    ? "partial"
    : "failed";
}

/** What is to be known of sweeps that are not complete. `budget`: the seconds that were spent. */
export function notesOf(
  records: readonly StageRecord[],
  budget: number | undefined,
): Manifest["notes"] {
  const notes = records.flatMap(({ title, status, reason }): Manifest["notes"] => {
    if (status === undefined || status === "complete") return [];
    const what = `${title}: ${status}`;
    return [{
      severity: status === "failed" ? "error" : "warning",
      message: reason === undefined ? what : `${what}; ${reason}`,
    }];
  });
  if (!isWaiting(records)) return notes;
  const waiting = records.filter(({ status }) => status === undefined).length;
  const why = budget === undefined ? "" : `the time budget of ${budget} s is spent; `;
  return [...notes, {
    severity: "warning",
    message: `Sweeps that were not begun: ${waiting}; ${why}the same command goes on`,
  }];
}
