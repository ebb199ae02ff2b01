/**
 * Second jobs for what is late: nodes that are free take over a part of what such a job still has to measure.
 *
 * @module
 */

import { broughtBy } from "../../fleet/journals.ts";
import { bootSeconds, paceOf, type SeenJob } from "../../fleet/observed.ts";
import { isLate, planHelp, type RunningJob } from "../../fleet/help.ts";
import { countsOf, isIn, partOf, workOfShots } from "../../fleet/parts.ts";
import { heldSeconds } from "../../fleet/ray.ts";
import { secondsPerShot } from "../../fleet/unit_work.ts";
import type { FleetJob } from "../../fleet/work.ts";
import { ENGINE_START_SECONDS } from "../../sweep/plan/estimate.ts";
import { type NextJob, siblingsOf, type UnitRun } from "./unit_run.ts";

/** A second job. */
export interface SecondJob {
  readonly run: UnitRun;
  readonly task: NextJob;
}

/**
 * Plans second jobs on one kind of hardware; to be asked where there is room and nothing waits. What boots and shots
 * take is what the batch's own jobs have shown.
 *
 * @param free How many more jobs there is room for.
 */
export async function secondJobs(
  runs: readonly UnitRun[],
  free: number,
  nowMs: number,
): Promise<SecondJob[]> {
  const boot = bootSeconds(runs.flatMap((run) => seenJobs(run, nowMs)), ENGINE_START_SECONDS);
  const pace = paceOfBatch(runs, nowMs);
  const byId = new Map<string, { run: UnitRun; attempt: number }>();
  const running: RunningJob[] = [];
  for (const run of runs) {
    for (const attempt of run.running) {
      const rest = restOf(run, attempt, runs, boot, pace);
      if (!rest) continue;
      const id = run.idOf(attempt);
      byId.set(id, { run, attempt });
      const shots = broughtBy(run.results.get(attempt)?.journal).length;
      running.push({
        id,
        rest,
        doneSeconds: shots * secondsPerShot(run.unit) * pace,
        runSeconds: heldSeconds(run.jobs.get(attempt)!, nowMs),
      });
    }
  }
  const { help } = await planHelp(running.filter(isLate), free);
  return help.map(({ helps, job }) => {
    const { run, attempt } = byId.get(helps)!;
    const counts = countsOf(run.sweep.shotsOf(run.unit, siblingsOf(run, runs)));
    return { run, task: { part: partOf(job, counts), helps: attempt, seconds: job.seconds } };
  });
}

/** What is neither home nor given to somebody else. */
function restOf(
  run: UnitRun,
  attempt: number,
  runs: readonly UnitRun[],
  boot: number,
  pace: number,
): FleetJob | undefined {
  const { unit, sweep } = run;
  const own = siblingsOf(run, runs);
  const left = sweep.missingOf(unit, own) ?? sweep.shotsOf(unit, own);
  const { part } = run.taskOf(attempt);
  const others = [...run.live].filter((other) => run.taskOf(other).helps === attempt);
  const shots = left.filter((shot) =>
    isIn(part, shot) && !others.some((other) => isIn(run.taskOf(other).part, shot))
  );
  if (shots.length === 0) return undefined;
  const each = secondsPerShot(unit) * pace;
  const units = workOfShots(shots, () => each).flatMap(({ category, missing }) =>
    missing.map(({ from, to }) => ({ category, from, to, seconds: (to - from) * each }))
  );
  return {
    engine: run.idOf(attempt),
    bootSeconds: boot,
    units,
    seconds: boot + shots.length * each,
  };
}

function seenJobs(run: UnitRun, nowMs: number): SeenJob[] {
  return [...run.jobs].map(([attempt, job]) => ({
    heldSeconds: heldSeconds(job, nowMs),
    ended: job.status === "SUCCEEDED",
    shots: broughtBy(run.results.get(attempt)?.journal),
  }));
}

function paceOfBatch(runs: readonly UnitRun[], nowMs: number): number {
  const jobs = runs.flatMap((run) =>
    seenJobs(run, nowMs).map((job) => ({ ...job, each: secondsPerShot(run.unit) }))
  );
  const each = new Map(jobs.map(({ shots, each }) => [shots, each]));
  return paceOf(jobs, (shots) => shots.length * each.get(shots)!);
}
