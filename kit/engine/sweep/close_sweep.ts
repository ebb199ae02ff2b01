/**
 * The end of a sweep: tables of what was measured, and a closed bundle.
 *
 * @module
 */

import { closeCapture } from "../../bundle/capture_bundle.ts";
import { messageOf } from "../../contract/errors.ts";
import type { Outcome } from "../../contract/recipe.ts";
import { JOURNAL_NAME } from "../../sweep/measure/journal.ts";
import { outcomeOf } from "../outcome.ts";
import { mixture } from "./identity.ts";
import { note, type SweepState } from "./sweep_state.ts";
import { writeTables } from "./write_tables.ts";

/** Writes the tables of the journal and closes the bundle. Needs read and write permission. */
export async function closeSweep(run: SweepState, interrupted: boolean): Promise<Outcome> {
  const { context, dir, manifest } = run;
  if (run.journal.damaged > 0) {
    note(
      run,
      "warning",
      `${run.journal.damaged} lines of ${JOURNAL_NAME} are damaged and do not count`,
    );
  }
  const mixed = mixture(run.journal);
  if (mixed) note(run, "warning", `This bundle mixes times of different kinds: ${mixed}`);
  try {
    const reached = run.engines.size > 0 && run.journal.sweeps.length > 0;
    if (reached) await writeTables(run);
    else run.unfinished = true;
  } catch (error) {
    note(run, "error", messageOf(error));
  }
  const flawed = manifest.notes.some(({ severity }) => severity === "error");
  const status = interrupted
    ? "interrupted"
    : run.unfinished && run.journal.shots.length === 0
    ? "failed"
    : run.unfinished || flawed
    ? "partial"
    : "complete";
  await closeCapture(context.files, dir, manifest, { status, endedAt: context.clock.now() });
  return outcomeOf(context, dir, manifest);
}
