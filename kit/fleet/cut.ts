/**
 * Cuts the work of an engine into jobs, each of which boots that engine once.
 *
 * @module
 */

import { type EngineWork, type FleetJob, workSeconds, type WorkUnit } from "./work.ts";

/** A rest that works less than this share of its boot is not worth a job of its own. */
const LEAST_REST = 0.25;

/**
 * What the jobs of an engine are to work, in seconds, their boots apart: as many of the whole length
 * as there are, and the rest.
 *
 * @param length How long a job may last, with its boot.
 * @param leastBoots A job works at least so many times what its boot takes.
 */
export function sharesOf(work: EngineWork, length: number, leastBoots = 1): number[] {
  const seconds = workSeconds(work);
  const whole = Math.max(length - work.bootSeconds, leastBoots * work.bootSeconds);
  const count = Math.floor(seconds / whole);
  const rest = seconds - count * whole;
  if (count === 0) return [seconds];
  return rest < LEAST_REST * work.bootSeconds
    ? new Array<number>(count).fill(seconds / count)
    : [...new Array<number>(count).fill(whole), rest];
}

/**
 * Cuts the missing shots into jobs, each shot into exactly one.
 *
 * @param shares What each job is to work; where that is less than a shot there are fewer jobs.
 */
export function cutEngine(work: EngineWork, shares: readonly number[]): FleetJob[] {
  const jobs: FleetJob[] = [];
  let units: WorkUnit[] = [];
  // Borders are where the whole work is, not what a job has: rounding must not add up.
  let [place, done] = [0, 0];
  let border = 0;
  const next = () => {
    // The last one takes what is there, whatever the sum of the shares is.
    border = place < shares.length - 1 ? border + shares[place]! : Infinity;
    place++;
  };
  next();
  const close = () => {
    if (units.length === 0) return;
    const { engine, bootSeconds } = work;
    const seconds = units.reduce((sum, unit) => sum + unit.seconds, bootSeconds);
    jobs.push({ engine, bootSeconds, units, seconds });
    units = [];
  };
  for (const { category, missing, secondsPerShot } of work.categories) {
    for (const range of missing) {
      for (let from = range.from; from < range.to;) {
        const fit = Math.max(1, Math.round((border - done) / secondsPerShot));
        const to = Math.min(range.to, from + fit);
        units.push({ category, from, to, seconds: (to - from) * secondsPerShot });
        done += (to - from) * secondsPerShot;
        from = to;
        while (done + secondsPerShot / 2 > border) {
          close();
          next();
        }
      }
    }
  }
  close();
  return jobs;
}
