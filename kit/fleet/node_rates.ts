/**
 * How quickly the nodes of a cluster measure.
 *
 * @module
 */

import type { Journal } from "../sweep/measure/journal.ts";
import { broughtBy } from "./journals.ts";
import { heldSeconds, type RayJob } from "./ray.ts";

/** What a node has brought. */
export interface NodeRate {
  /** As Ray names it. */
  readonly node: string;
  readonly jobs: number;
  readonly shots: number;
  /** Seconds of its jobs, starts of engines included. */
  readonly job_seconds: number;
  /** Absent where no job has held it for a second. */
  readonly shots_per_sec?: number;
}

/** A job and what it has brought home. */
export interface NodeJob {
  readonly job: RayJob;
  readonly journal: Pick<Journal, "sweeps" | "shots"> | undefined;
}

/** The rates, by node, in the order of their names. */
export function nodeRates(jobs: readonly NodeJob[], nowMs: number): NodeRate[] {
  const byNode = Map.groupBy(
    jobs.filter(({ job }) => job.driver_node_id),
    ({ job }) => job.driver_node_id!,
  );
  return [...byNode].toSorted(([one], [other]) => one < other ? -1 : 1).map(([node, own]) => {
    const seconds = own.reduce((sum, { job }) => sum + heldSeconds(job, nowMs), 0);
    const shots = own.reduce((sum, { journal }) => sum + broughtBy(journal).length, 0);
    return {
      node,
      jobs: own.length,
      shots,
      job_seconds: rounded(seconds, 10),
      ...(seconds < 1 ? {} : { shots_per_sec: rounded(shots / seconds, 1000) }),
    };
  });
}

/** A rate for a person: of a node on average, and of the slowest. */
export function ratesText(rates: readonly NodeRate[]): string {
  const known = rates.flatMap(({ shots_per_sec }) => shots_per_sec ?? []);
  if (known.length === 0) return "";
  const mean = known.reduce((sum, rate) => sum + rate, 0) / known.length;
  const slowest = known.length > 1 ? `, the slowest ${Math.min(...known).toPrecision(2)}` : "";
  return `${mean.toPrecision(2)} shots/s a node${slowest}`;
}

function rounded(value: number, steps: number): number {
  return Math.round(value * steps) / steps;
}
