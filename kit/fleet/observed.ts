/**
 * What boots and shots take, as far as jobs have shown it; estimates otherwise.
 *
 * @module
 */

import type { ShotLine } from "../sweep/measure/journal.ts";

/** A job, for what it shows. */
export interface SeenJob {
  /** Seconds for which it has held its resources. */
  readonly heldSeconds: number;
  /** Whether it has ended as it should. */
  readonly ended: boolean;
  readonly shots: readonly ShotLine[];
}

/** Seconds of the shots of a journal, as far as they are told. */
export function shotSeconds(shots: readonly ShotLine[]): number {
  return shots.reduce((sum, { sec }) => sum + (typeof sec === "number" && sec > 0 ? sec : 0), 0);
}

/** Seconds from a job's start to its first shot and from its last to its end: the median of those that have ended. */
export function bootSeconds(jobs: readonly SeenJob[], estimate: number): number {
  const seen = jobs.filter(({ ended, shots }) => ended && shots.length > 0)
    .map(({ heldSeconds, shots }) => Math.max(0.5, heldSeconds - shotSeconds(shots)));
  return median(seen) ?? estimate;
}

/**
 * How many times what was expected shots take: the median over jobs, so that one that is slow is seen beside its
 * peers.
 *
 * @param expected What the shots of a job were expected to take.
 */
export function paceOf(
  jobs: readonly SeenJob[],
  expected: (shots: readonly ShotLine[]) => number,
): number {
  const seen = jobs.flatMap(({ shots }) => {
    const [took, wanted] = [shotSeconds(shots), expected(shots)];
    return took > 0 && wanted > 0 ? [took / wanted] : [];
  });
  return median(seen) ?? 1;
}

function median(values: readonly number[]): number | undefined {
  return values.toSorted((one, other) => one - other)[Math.floor((values.length - 1) / 2)];
}
