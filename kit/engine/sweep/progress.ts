/**
 * How far a sweep is, by category, with the time that is left.
 *
 * @module
 */

import type { Clock, Output } from "../../contract/context.ts";
import type { NeededShot } from "../../sweep/measure/needed.ts";
import { aboutTime } from "../../sweep/plan/advice.ts";

const BAR = 20;

/** Shows a bar for the category that is being fired, and one for all of a TP degree. */
export class SweepProgress {
  readonly #began: number;
  #fired = 0;

  constructor(
    private readonly output: Pick<Output, "progress">,
    private readonly clock: Pick<Clock, "monotonicMs">,
    private readonly tp: number,
    private readonly shots: readonly NeededShot[],
  ) {
    this.#began = clock.monotonicMs();
  }

  /** Shows that so many shots are done, counted from the beginning. */
  fired(count: number): void {
    this.#fired = count;
    this.output.progress(this.line());
  }

  /** The line. */
  line(): string {
    const { shots } = this;
    const done = Math.min(this.#fired, shots.length);
    const category = shots[Math.min(done, shots.length - 1)]?.category ?? "";
    const own = shots.filter((shot) => shot.category === category);
    const before = shots.findIndex((shot) => shot.category === category);
    const ownDone = Math.max(0, Math.min(own.length, done - before));
    const seconds = (this.clock.monotonicMs() - this.#began) / 1000;
    const left = done > 0 ? (seconds / done) * (shots.length - done) : undefined;
    return `TP ${this.tp} ${category} ${bar(ownDone, own.length)} ${ownDone}/${own.length}, all ` +
      `${bar(done, shots.length)} ${done}/${shots.length}` +
      (left === undefined || done === shots.length ? "" : `, ${aboutTime(left)} left`);
  }
}

function bar(done: number, all: number): string {
  const filled = all === 0 ? BAR : Math.floor((done / all) * BAR);
  return `[${"#".repeat(filled)}${".".repeat(BAR - filled)}]`;
}
