/**
 * How long a queue of jobs takes, and how long it must take at least.
 *
 * @module
 */

import { loadPriorityQueue } from "../deps.ts";
import { type EngineWork, workSeconds } from "./work.ts";

/**
 * Seconds until the last job has ended, where each free GPU takes the next job of the queue, as Ray does.
 *
 * @param seconds What the jobs take, in the order in which they are submitted.
 */
export async function makespanSeconds(seconds: ArrayLike<number>, gpus: number): Promise<number> {
  const PriorityQueue = await loadPriorityQueue();
  const free = new PriorityQueue(new Array<number>(Math.min(gpus, seconds.length)).fill(0));
  let last = 0;
  for (let place = 0; place < seconds.length; place++) {
    const end = free.pop()! + seconds[place]!;
    last = Math.max(last, end);
    free.push(end);
  }
  return last;
}

/**
 * Seconds below which no plan can be: the work and one boot an engine, spread evenly over the GPUs, and
 * the further boots of engines that are too long to be one job of such a plan.
 */
export function lowerBoundSeconds(works: readonly EngineWork[], gpus: number): number {
  const busy = works.map((work) => ({ boot: work.bootSeconds, seconds: workSeconds(work) }))
    .filter(({ seconds }) => seconds > 0);
  // Within `limit` seconds an engine works `limit - boot` a boot.
  const fits = (limit: number) =>
    busy.every(({ boot }) => limit > boot) &&
    busy.reduce(
        (sum, { boot, seconds }) => sum + seconds + boot * Math.ceil(seconds / (limit - boot)),
        0,
      ) <= limit * gpus;
  let [low, high] = [0, busy.reduce((sum, { boot, seconds }) => sum + boot + seconds, 0)];
  for (let halved = 0; halved < HALVINGS; halved++) {
    const limit = (low + high) / 2;
    if (fits(limit)) high = limit;
    else low = limit;
  }
  return low;
}

/** The bound is known to a millionth of what one GPU takes. */
const HALVINGS = 40;

/** The simpler bound: work and one boot an engine, spread evenly. */
export function evenSeconds(works: readonly EngineWork[], gpus: number): number {
  return works.map((work) => ({ boot: work.bootSeconds, seconds: workSeconds(work) }))
    .filter(({ seconds }) => seconds > 0)
    .reduce((sum, { boot, seconds }) => sum + boot + seconds, 0) / gpus;
}
