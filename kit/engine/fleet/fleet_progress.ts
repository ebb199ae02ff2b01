/**
 * How far a batch on a cluster is.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { makespanSeconds } from "../../fleet/makespan.ts";
import { type NodeRate, nodeRates, ratesText } from "../../fleet/node_rates.ts";
import { heldSeconds } from "../../fleet/ray.ts";
import { aboutTime } from "../../sweep/plan/advice.ts";
import type { UnitRun } from "./unit_run.ts";

/** Tells it. `room` is how many jobs there can be at a time. */
export async function tellProgress(
  { output, clock }: Pick<RunContext, "output" | "clock">,
  runs: readonly UnitRun[],
  room: number,
): Promise<void> {
  const over = runs.filter(({ status }) => status !== undefined);
  const running = runs.flatMap((run) => run.running.map((attempt) => run.jobs.get(attempt)!));
  const pending = runs.reduce((sum, { live }) => sum + live.size, 0) - running.length;
  const failed = over.filter(({ status }) => status === "failed").length;
  const shots = runs.reduce((sum, run) => sum + run.shots, 0);
  const now = clock.now().getTime();
  const left = runs.filter(({ status }) => status === undefined).flatMap((run) => {
    const expected = (attempt: number) => run.taskOf(attempt).seconds ?? run.unit.seconds;
    const held = (attempt: number) => heldSeconds(run.jobs.get(attempt)!, now);
    const pending = [...run.live].filter((attempt) => !run.running.includes(attempt));
    return [
      // One that takes longer than was expected is about to end, as far as anybody knows.
      ...run.running.map((attempt) => Math.max(30, expected(attempt) - held(attempt))),
      ...pending.map(expected),
      ...run.queue.map(({ seconds }) => seconds ?? run.unit.seconds),
    ];
  }).sort((one, other) => other - one);
  const seconds = left.length === 0 ? 0 : await makespanSeconds(left, Math.max(1, room));
  const nodes = new Set(running.map((job) => job.driver_node_id)).size;
  const rates = ratesOf(runs, now);
  const rate = ratesText(rates);
  output.progress(
    `${over.length} of ${runs.length} units` + (failed > 0 ? ` (${failed} failed)` : "") +
      `, ${running.length} running on ${nodes} ${nodes === 1 ? "node" : "nodes"}, ` +
      `${pending} pending, ${shots} shots home, ${rate === "" ? "" : `${rate}, `}` +
      `${aboutTime(seconds)} left`,
    {
      event: "fleet_progress",
      units: runs.length,
      over: over.length,
      failed,
      running: running.length,
      pending,
      nodes,
      shots,
      by_node: rates,
      left_sec: Math.round(seconds),
    },
  );
}

/** How quickly nodes have measured, with all jobs that the cluster knows. */
export function ratesOf(runs: readonly UnitRun[], nowMs: number): NodeRate[] {
  const jobs = runs.flatMap(({ jobs, results }) =>
    [...jobs].map(([attempt, job]) => ({ job, journal: results.get(attempt)?.journal }))
  );
  return nodeRates(jobs, nowMs);
}
