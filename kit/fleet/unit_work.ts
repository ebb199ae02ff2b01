/**
 * Units as work for the planner, and the parts that it makes of them.
 *
 * @module
 */

import { ENGINE_START_SECONDS, shotSeconds } from "../sweep/plan/estimate.ts";
import { cutEngine, sharesOf } from "./cut.ts";
import { countsOf, partOf, type PlacedShot, type UnitPart, workOfShots } from "./parts.ts";
import { planFleet } from "./plan.ts";
import type { FleetUnit } from "./units.ts";
import type { EngineWork, FleetJob } from "./work.ts";

/**
 * A job of a unit that is cut works at least so many times what its boot takes: a GPU's time has a price. Who says
 * how long jobs may take is given shorter ones.
 */
const LEAST_BOOTS = { chosen: 4, wished: 1 };

/** A unit, and what of it is to be measured. */
export interface UnitShots {
  readonly unit: FleetUnit;
  /** All its shots, in their order. */
  all(): readonly PlacedShot[];
  /** Those that are to be measured; all of them where it is absent. */
  readonly left?: readonly PlacedShot[];
  /** Whether one job for all of them needs a part too, because others measure the rest. */
  readonly cut?: boolean;
}

/** A job before it is submitted. */
export interface PlannedJob {
  readonly part?: UnitPart;
  /** Its boot and its work, as expected. */
  readonly seconds: number;
}

/**
 * What the jobs of each unit measure: one that has all, or several with a part each where a unit is long beside
 * the start of its engine.
 *
 * @param room How many jobs there can be at a time.
 * @param length Seconds that a job may about take; as the room makes best where it is undefined.
 */
export async function jobsOfUnits(
  units: readonly UnitShots[],
  room: number,
  length: number | undefined,
): Promise<Map<UnitShots, PlannedJob[]>> {
  if (length !== undefined) return new Map(units.map((one) => [one, jobsOfLength(one, length)]));
  const works = units.map((unit, place) => engineWork(unit, String(place), LEAST_BOOTS.chosen));
  const { jobs } = await planFleet(works, room, LEAST_BOOTS.chosen);
  const byUnit = Map.groupBy(jobs, ({ engine }) => engine);
  return new Map(units.map((one, place) => [one, planned(one, byUnit.get(String(place)) ?? [])]));
}

/** The jobs of a unit where somebody says how long one may about take. */
export function jobsOfLength(unit: UnitShots, length: number): PlannedJob[] {
  const work = engineWork(unit, "", LEAST_BOOTS.wished);
  return planned(unit, cutEngine(work, sharesOf(work, length, LEAST_BOOTS.wished)));
}

function planned(unit: UnitShots, jobs: readonly FleetJob[]): PlannedJob[] {
  const seconds = jobs.reduce((sum, job) => sum + job.seconds, 0);
  return jobs.length < 2 && !unit.cut ? [{ seconds }] : partsOf(unit, jobs);
}

function partsOf(given: UnitShots, jobs: readonly FleetJob[]): PlannedJob[] {
  const counts = countsOf(given.all());
  const order = [...counts.keys()];
  return jobs.map((job) => ({ part: partOf(job, counts), seconds: job.seconds }))
    .toSorted(({ part: [one] }, { part: [other] }) =>
      order.indexOf(one!.category) - order.indexOf(other!.category) || one!.from - other!.from
    );
}

/** One that is too short to be cut is a single shot, because its grids take time to be made. */
function engineWork(
  { unit, all, left, cut }: UnitShots,
  engine: string,
  leastBoots: number,
): EngineWork {
  const work = Math.max(1, unit.seconds - ENGINE_START_SECONDS);
  const isLong = work >= 2 * leastBoots * ENGINE_START_SECONDS;
  return {
    engine,
    bootSeconds: ENGINE_START_SECONDS,
    categories: isLong || cut
      ? workOfShots(left ?? all(), () => secondsPerShot(unit))
      : [{ category: "all", missing: [{ from: 0, to: 1 }], secondsPerShot: work }],
  };
}

/** What a shot of a unit is expected to take. */
export function secondsPerShot({ sweep }: FleetUnit): number {
  return shotSeconds(sweep.plan!.values.measurementIterations);
}
