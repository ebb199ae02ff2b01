/**
 * How far a batch on a cluster is.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { makespanSeconds } from "../../fleet/makespan.ts";
import { aboutTime } from "../../sweep/plan/advice.ts";
import type { UnitRun } from "./unit_run.ts";

/** Tells it. `room` is how many jobs there can be at a time. */
export async function tellProgress(
  { output, clock }: Pick<RunContext, "output" | "clock">,
  runs: readonly UnitRun[],
  room: number,
): Promise<void> {
  const over = runs.filter(({ status }) => status !== undefined);
  const running = runs.filter((run) => run.live && run.jobs.get(run.attempt)?.status === "RUNNING");
  const pending = runs.filter((run) => run.live).length - running.length;
  const failed = over.filter(({ status }) => status === "failed").length;
  const shots = runs.reduce((sum, run) => sum + run.shots, 0);
  const now = clock.now().getTime();
  const left = runs.filter(({ status }) => status === undefined).map((run) => {
    const job = run.jobs.get(run.attempt);
    const since = run.live && job?.status === "RUNNING" && job.start_time
      ? (now - job.start_time) / 1000
      : 0;
    // One that takes longer than was expected is about to end, as far as anybody knows.
    return Math.max(30, run.unit.seconds - since);
  }).sort((one, other) => other - one);
  const seconds = left.length === 0 ? 0 : await makespanSeconds(left, Math.max(1, room));
  const nodes = new Set(running.map((run) => run.jobs.get(run.attempt)?.driver_node_id)).size;
  output.progress(
    `${over.length} of ${runs.length} units` + (failed > 0 ? ` (${failed} failed)` : "") +
      `, ${running.length} running on ${nodes} ${nodes === 1 ? "node" : "nodes"}, ` +
      `${pending} pending, ${shots} shots home, ${aboutTime(seconds)} left`,
    {
      event: "fleet_progress",
      units: runs.length,
      over: over.length,
      failed,
      running: running.length,
      pending,
      nodes,
      shots,
      left_sec: Math.round(seconds),
    },
  );
}
