/**
 * What is submitted of units: one job each, or several where the planner cuts one into parts.
 *
 * @module
 */

import { isIn, type PlacedShot } from "../../fleet/parts.ts";
import { jobsOfUnits, type UnitShots } from "../../fleet/unit_work.ts";
import { siblingsOf, type UnitRun } from "./unit_run.ts";

/**
 * Gives each unit of one kind of hardware its jobs, but for what jobs of an earlier vscope measure.
 *
 * @param room How many jobs there can be at a time.
 * @param length Seconds that a job may about take; as the room makes best where it is undefined.
 */
export async function fillQueues(
  runs: readonly UnitRun[],
  room: number,
  length: number | undefined,
): Promise<void> {
  const open = new Map<UnitShots, UnitRun>();
  for (const run of runs) {
    if (run.status !== undefined) continue;
    const live = [...run.live].map((attempt) => run.taskOf(attempt).part);
    // It measures all that is missing.
    if (live.includes(undefined)) continue;
    const siblings = siblingsOf(run, runs);
    const missing = run.sweep.missingOf(run.unit, siblings);
    const all = () => run.sweep.shotsOf(run.unit, siblings);
    if (live.length === 0 && missing === undefined) {
      open.set({ unit: run.unit, all }, run);
      continue;
    }
    const left = (missing ?? all()).filter((shot: PlacedShot) =>
      !live.some((part) => isIn(part, shot))
    );
    if (left.length > 0) open.set({ unit: run.unit, all, left, cut: live.length > 0 }, run);
  }
  for (const [{ unit }, jobs] of await jobsOfUnits([...open.keys()], room, length)) {
    runs.find((run) => run.unit === unit)!.queue = jobs;
  }
}
