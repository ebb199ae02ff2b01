/**
 * The engine's steps of one file, by time.
 *
 * @module
 */

import type { Names } from "./names.ts";
import { readStepName, type StepName } from "./step_name.ts";

/** A step. Times are nanoseconds since the base. */
export interface Step {
  readonly start: number;
  readonly end: number;
  readonly told: StepName;
}

/** More steps than this are not told apart: an hour of 3 ms steps has 1.2 million. */
const MOST_STEPS = 1_000_000;

/** Collects steps, then finds the one of a time. */
export class Steps {
  #kinds: (StepName | null)[] = [];
  #found: Step[] = [];
  #starts = new Float64Array();
  #sorted: readonly Step[] = [];
  /** The step that was found last: the next question is mostly about it as well. */
  #last = 0;

  /** Steps that were too many. */
  further = 0;

  /** Takes a range of the host; other ranges than steps are passed over. */
  take(name: number, names: Names, start: number, duration: number): void {
    if (!this.isStep(name, names)) return;
    const told = this.#kinds[name]!;
    if (this.#found.length >= MOST_STEPS) this.further++;
    else this.#found.push({ start, end: start + duration, told });
  }

  /** Whether ranges of a name are steps. */
  isStep(name: number, names: Names): boolean {
    if (this.#kinds[name] === undefined) {
      this.#kinds[name] = readStepName(names.text(name)) ?? null;
    }
    return this.#kinds[name] !== null;
  }

  /**
   * Ends the collection. Where an engine names its steps, ranges of PyTorch's schedule are none; a
   * step within one of the same name counts once.
   */
  finish(): readonly Step[] {
    const named = this.#found.some(({ told }) => told.source !== "profiler_step");
    const candidates = this.#found
      .filter(({ told }) => !named || told.source !== "profiler_step")
      .sort((a, b) => a.start - b.start || b.end - a.end);
    const steps: Step[] = [];
    let around: Step[] = [];
    for (const step of candidates) {
      around = around.filter(({ end }) => end > step.start);
      // Each name has one reading.
      if (around.some(({ told }) => told === step.told)) continue;
      around.push(step);
      steps.push(step);
    }
    this.#starts = Float64Array.from(steps, ({ start }) => start);
    this.#sorted = steps;
    this.#found = [];
    return steps;
  }

  /** The step that had begun last at a time; −1 before the first one, and for NaN. */
  at(time: number): number {
    const starts = this.#starts;
    const last = this.#last;
    if (time >= starts[last]! && !(time >= starts[last + 1]!)) return last;
    if (!(time >= (starts[0] ?? Infinity))) return -1;
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle]! <= time) low = middle;
      else high = middle;
    }
    return this.#last = low;
  }

  get sorted(): readonly Step[] {
    return this.#sorted;
  }
}
