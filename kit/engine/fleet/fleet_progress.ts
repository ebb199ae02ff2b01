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
import type { FleetRoom } from "./fleet_room.ts";
import { areOfSeveral, byHardware, type UnitRun } from "./unit_run.ts";

/** How far some units are. */
interface Progress {
  readonly units: number;
  readonly over: number;
  readonly failed: number;
  readonly running: number;
  readonly pending: number;
  readonly shots: number;
  readonly left_sec: number;
}

/** Tells it. */
export async function tellProgress(
  { output, clock }: Pick<RunContext, "output" | "clock">,
  runs: readonly UnitRun[],
  room: Pick<FleetRoom, "of" | "all">,
): Promise<void> {
  const now = clock.now().getTime();
  const each: ({ hardware: string } & Progress)[] = [];
  for (const [hardware, own] of byHardware(runs)) {
    each.push({ hardware, ...await progressOf(own, room.of(hardware), now) });
  }
  const all = await progressOf(runs, room.all, now);
  // A kind that is slow has nobody who could help it.
  const left_sec = Math.max(all.left_sec, ...each.map((one) => one.left_sec));
  const running = runs.flatMap((run) => run.running.map((attempt) => run.jobs.get(attempt)!));
  const nodes = new Set(running.map((job) => job.driver_node_id)).size;
  const rates = ratesOf(runs, now);
  const rate = ratesText(rates);
  const parts = [
    ...areOfSeveral(runs)
      ? each.map(({ hardware, over, units }) => `${hardware} ${over} of ${units}`)
      : [],
    ...all.failed > 0 ? [`${all.failed} failed`] : [],
  ].join(", ");
  output.progress(
    `${all.over} of ${all.units} units${parts === "" ? "" : ` (${parts})`}, ` +
      `${all.running} running on ${nodes} ${nodes === 1 ? "node" : "nodes"}, ` +
      `${all.pending} pending, ${all.shots} shots home, ${rate === "" ? "" : `${rate}, `}` +
      `${aboutTime(left_sec)} left`,
    {
      event: "fleet_progress",
      ...all,
      nodes,
      ...(areOfSeveral(runs) ? { by_hardware: each } : {}),
      by_node: rates,
      left_sec,
    },
  );
}

/** @param room How many jobs there can be at a time. */
async function progressOf(
  runs: readonly UnitRun[],
  room: number,
  now: number,
): Promise<Progress> {
  const over = runs.filter(({ status }) => status !== undefined);
  const running = runs.reduce((sum, run) => sum + run.running.length, 0);
  const pending = runs.reduce((sum, { live }) => sum + live.size, 0) - running;
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
  return {
    units: runs.length,
    over: over.length,
    failed: over.filter(({ status }) => status === "failed").length,
    running,
    pending,
    shots: runs.reduce((sum, run) => sum + run.shots, 0),
    left_sec: Math.round(seconds),
  };
}

/** How quickly nodes have measured, with all jobs that the cluster knows. */
export function ratesOf(runs: readonly UnitRun[], nowMs: number): NodeRate[] {
  const jobs = runs.flatMap(({ jobs, results }) =>
    [...jobs].map(([attempt, job]) => ({ job, journal: results.get(attempt)?.journal }))
  );
  return nodeRates(jobs, nowMs);
}
