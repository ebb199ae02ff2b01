/**
 * What the units of a batch cost.
 *
 * @module
 */

import { type BatchCost, type Cost, secondsByCategory, sumOf } from "../../fleet/cost.ts";
import { journalOf } from "../../fleet/journals.ts";
import { areOfSeveral, byHardware, type UnitRun } from "./unit_run.ts";

/** The cost, with all jobs that the cluster knows. `gpus`: of a job. */
export function costOf(runs: readonly UnitRun[], gpus: number, nowMs: number): BatchCost {
  const whole = byModel(runs, gpus, nowMs);
  if (!areOfSeveral(runs)) return whole;
  const each = [...byHardware(runs)].map(([hardware, own]) => [
    hardware,
    byModel(own, gpus, nowMs),
  ]);
  return { ...whole, by_hardware: Object.fromEntries(each) };
}

function byModel(runs: readonly UnitRun[], gpus: number, nowMs: number): BatchCost {
  const models = [...Map.groupBy(runs, ({ unit }) => unit.sweep.model)]
    .map(([model, own]): [string, Cost] => [
      model,
      sumOf(own.map((run) => costOfUnit(run, gpus, nowMs))),
    ]);
  return { by_model: Object.fromEntries(models), total: sumOf(models.map(([, cost]) => cost)) };
}

function costOfUnit(run: UnitRun, gpus: number, nowMs: number): Cost {
  const seconds = run.heldSeconds(nowMs);
  const shots = [...run.results.values()].flatMap(({ journal }) => journal.shots);
  return {
    jobs: run.jobs.size,
    gpu_seconds: seconds * gpus,
    job_seconds: seconds,
    measured_seconds: secondsByCategory({ ...journalOf(""), shots }, run.sweep.settings),
  };
}
