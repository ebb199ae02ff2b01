/**
 * Plans a batch on a fleet: how finely the engines' work is cut, and the order of submission.
 *
 * A job that is long leaves other GPUs idle at the end; a job that is short pays a boot for little
 * work. Where each job goes is Ray's business: the planner knows only how many GPUs there are.
 *
 * @module
 */

import { cutEngine, sharesOf } from "./cut.ts";
import { lowerBoundSeconds, makespanSeconds } from "./makespan.ts";
import { type EngineWork, type FleetJob, workSeconds } from "./work.ts";

/** A plan. */
export interface FleetPlan {
  /** In the order in which they are submitted: the longest first. */
  readonly jobs: readonly FleetJob[];
  /** Until the last one ends, where all take what is expected. */
  readonly seconds: number;
  readonly lowerBoundSeconds: number;
}

/** One length of a job that is tried is so much shorter than the one before. */
const STEP = 1.03;
/** A cut that gains less than this is not worth its boots. */
const WORTH = 0.005;

/**
 * Plans the engines of one kind of accelerator.
 *
 * @param gpus How many of them can work at a time.
 * @param leastBoots A job works at least so many times what its boot takes.
 */
export async function planFleet(
  works: readonly EngineWork[],
  gpus: number,
  leastBoots = 1,
): Promise<FleetPlan> {
  const busy = works.filter((work) => workSeconds(work) > 0);
  const bound = lowerBoundSeconds(busy, gpus);
  let best = { length: Infinity, seconds: Infinity };
  for (const length of lengths(busy, bound)) {
    const jobs = busy.flatMap((work) =>
      sharesOf(work, length, leastBoots).map((share) => work.bootSeconds + share)
    );
    const seconds = await makespanSeconds(Float64Array.from(jobs).sort().reverse(), gpus);
    if (seconds < best.seconds * (1 - WORTH)) best = { length, seconds };
  }
  const jobs = busy.flatMap((work) => cutEngine(work, sharesOf(work, best.length, leastBoots)))
    .sort((a, b) => b.seconds - a.seconds);
  return {
    jobs,
    seconds: await makespanSeconds(jobs.map(({ seconds }) => seconds), gpus),
    lowerBoundSeconds: bound,
  };
}

/** Lengths of a job in seconds: uncut, and then down to half of what the whole must take. */
function lengths(works: readonly EngineWork[], bound: number): number[] {
  const longest = works.reduce(
    (most, work) => Math.max(most, work.bootSeconds + workSeconds(work)),
    0,
  );
  const found = [Infinity];
  for (let length = longest; length > Math.min(longest, bound) / 2; length /= STEP) {
    found.push(length);
  }
  return found;
}
