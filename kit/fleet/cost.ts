/**
 * What a batch cost: the seconds for which its jobs held GPUs, by model, and what they measured in them.
 *
 * @module
 */

import type { Journal } from "../sweep/measure/journal.ts";
import type { SweepSettings } from "../sweep/plan/settings.ts";
import { allShots } from "./all_shots.ts";

/** The cost of a model, or of all. */
export interface Cost {
  readonly jobs: number;
  /** Seconds of all jobs, times the GPUs of each; those of jobs without a GPU are not in it. */
  readonly gpu_seconds: number;
  /** Seconds of all jobs. */
  readonly job_seconds: number;
  /** Of the job seconds those in which shots of a category were measured. */
  readonly measured_seconds: Readonly<Record<string, number>>;
}

/** Seconds that the shots of a journal took, by the first category that asks for each. */
export function secondsByCategory(
  { shots }: Pick<Journal, "shots">,
  settings: SweepSettings,
): Record<string, number> {
  const names = new Map<string, string>();
  for (const tp of new Set(shots.map((shot) => shot.tp))) {
    for (const { k, category } of allShots(settings, tp)) {
      if (!names.has(k)) names.set(k, category);
    }
  }
  const found: Record<string, number> = {};
  for (const { k, sec } of shots) {
    if (typeof sec !== "number" || !(sec >= 0)) continue;
    const name = names.get(k) ?? "other";
    found[name] = (found[name] ?? 0) + sec;
  }
  return found;
}

/** The sum of some costs. */
export function sumOf(costs: readonly Cost[]): Cost {
  const measured: Record<string, number> = {};
  for (const { measured_seconds } of costs) {
    for (const [name, seconds] of Object.entries(measured_seconds)) {
      measured[name] = (measured[name] ?? 0) + seconds;
    }
  }
  const sum = (pick: (cost: Cost) => number) =>
    costs.reduce((total, cost) => total + pick(cost), 0);
  return {
    jobs: sum(({ jobs }) => jobs),
    gpu_seconds: rounded(sum(({ gpu_seconds }) => gpu_seconds)),
    job_seconds: rounded(sum(({ job_seconds }) => job_seconds)),
    measured_seconds: Object.fromEntries(
      Object.entries(measured).map(([name, seconds]) => [name, rounded(seconds)]),
    ),
  };
}

/** The cost of a batch. */
export interface BatchCost {
  readonly by_model: Readonly<Record<string, Cost>>;
  /** The same of each kind of hardware, where there are several. */
  readonly by_hardware?: Readonly<Record<string, BatchCost>>;
  readonly total: Cost;
}

/** The table for a person: a line a model, below its hardware where there are several kinds, and one for all. */
export function costText({ by_model, by_hardware, total }: BatchCost): string[] {
  const kinds = Object.entries(by_hardware ?? {});
  const models = Object.entries(by_model).map(([name, cost]) => line(`  ${name}`, cost));
  const lines = kinds.length === 0 ? models : kinds.flatMap(([hardware, own]) => [
    line(`  ${hardware}`, own.total),
    ...Object.entries(own.by_model).map(([name, cost]) => line(`    ${name}`, cost)),
  ]);
  return ["Cost on the cluster:", ...lines, ...(lines.length > 1 ? [line("  all", total)] : [])];
}

function line(name: string, cost: Cost): string {
  const held = cost.gpu_seconds > 0
    ? `${cost.gpu_seconds} GPU-seconds`
    : `${cost.job_seconds} job seconds`;
  const parts = Object.entries(cost.measured_seconds).map(([what, seconds]) =>
    `${what} ${seconds}`
  );
  const measured = parts.length === 0 ? "" : `; measuring: ${parts.join(", ")}`;
  return `${name}: ${held} in ${cost.jobs} ${cost.jobs === 1 ? "job" : "jobs"}${measured}`;
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
