/**
 * What is left of a job whose rows are partly home.
 *
 * @module
 */

import type { FleetJob, ShotRange } from "./work.ts";

/** A range without some others, which are in ascending order. */
export function without(range: ShotRange, taken: readonly ShotRange[]): ShotRange[] {
  const left: ShotRange[] = [];
  let from = range.from;
  for (const part of taken) {
    if (part.to <= from) continue;
    if (part.from >= range.to) break;
    if (part.from > from) left.push({ from, to: part.from });
    from = part.to;
  }
  if (from < range.to) left.push({ from, to: range.to });
  return left;
}

/**
 * The job that measures what is not home yet; undefined where all is.
 *
 * @param home Ranges of a category whose rows are home, in ascending order.
 */
export function jobAgain(
  job: FleetJob,
  home: (category: string) => readonly ShotRange[],
): FleetJob | undefined {
  const units = job.units.flatMap((unit) => {
    const { category, from, to, seconds } = unit;
    return without(unit, home(category)).map((range) => ({
      ...{ category, ...range },
      seconds: seconds * (range.to - range.from) / (to - from),
    }));
  });
  if (units.length === 0) return undefined;
  return {
    ...job,
    units,
    seconds: units.reduce((sum, { seconds }) => sum + seconds, job.bootSeconds),
  };
}
