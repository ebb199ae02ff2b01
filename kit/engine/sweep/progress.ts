/**
 * How far a sweep is, by category, with the time that is left.
 *
 * @module
 */

import type { Clock, Output, ProgressFacts } from "../../contract/context.ts";
import type { NeededShot } from "../../sweep/measure/needed.ts";
import { aboutTime } from "../../sweep/plan/advice.ts";

const BAR = 20;
/** As wide as the longest name of a category. */
const NAME = 12;

/** A TP degree among those of a sweep. */
export interface DegreePlace {
  readonly tp: number;
  /** From 1. */
  readonly place: number;
  readonly of: number;
  /** Where a part of the grid is measured, in rounds: which one this is, from 1. */
  readonly round?: number;
}

interface Share {
  readonly done: number;
  readonly total: number;
}

/** Tells that an engine is started, which takes a while. */
export function engineStarts(output: Output, clock: Clock, { tp, place, of }: DegreePlace): void {
  output.progress(`Starting vLLM for TP degree ${tp} (${place} of ${of})`, {
    event: "engine_start",
    part: String(tp),
    at: clock.now().toISOString(),
    tp,
  });
}

/** Shows a bar for each category, and one for all that is to be fired at a TP degree. */
export class SweepProgress {
  readonly #began: number;
  readonly #totals = new Map<string, number>();
  #fired = 0;

  constructor(
    private readonly output: Pick<Output, "progress">,
    private readonly clock: Pick<Clock, "monotonicMs" | "now">,
    private readonly degree: DegreePlace,
    private readonly shots: readonly NeededShot[],
  ) {
    this.#began = clock.monotonicMs();
    for (const { category } of shots) {
      this.#totals.set(category, (this.#totals.get(category) ?? 0) + 1);
    }
  }

  /** Shows that so many shots are done, counted from the beginning. */
  fired(count: number): void {
    this.#fired = Math.min(count, this.shots.length);
    this.output.progress(this.lines().join("\n"), this.facts());
  }

  /** A line for each category, and one for all. */
  lines(): string[] {
    const { tp, place, of, round } = this.degree;
    const left = this.#secondsLeft();
    const rows = [...Object.entries(this.#byCategory()), ["all", this.#all()] as const];
    const counts = rows.map(([, { done, total }]) => `${done}/${total}`);
    const width = Math.max(...counts.map(({ length }) => length));
    return [
      `TP ${tp}` + (of > 1 ? ` (${place} of ${of})` : "") +
      (round === undefined ? "" : `, round ${round}`),
      ...rows.map(([name, share], row) =>
        `  ${name.padEnd(NAME)} ${bar(share)} ${counts[row]!.padStart(width)}` +
        (name === "all" && left !== undefined ? `, ${aboutTime(left)} left` : "")
      ),
    ];
  }

  /** The same for programs. */
  facts(): ProgressFacts {
    const { tp, round } = this.degree;
    const { done, total } = this.#all();
    const category = this.#category();
    const left = this.#secondsLeft();
    // Which round is the last is known after it.
    const whole = done === total && round === undefined;
    return {
      event: whole ? "sweep_measured" : "sweep_progress",
      part: whole ? String(tp) : `${tp} ${category}`,
      at: this.clock.now().toISOString(),
      tp,
      ...(whole ? {} : { category }),
      ...(round === undefined ? {} : { round }),
      done,
      total,
      categories: this.#byCategory(),
      elapsed_sec: rounded(this.#seconds()),
      ...(left === undefined ? {} : { left_sec: rounded(left) }),
    };
  }

  #all(): Share {
    return { done: this.#fired, total: this.shots.length };
  }

  /** Shots are fired in their order, which is that of the categories. */
  #byCategory(): Readonly<Record<string, Share>> {
    let before = 0;
    return Object.fromEntries([...this.#totals].map(([name, total]) => {
      const done = Math.max(0, Math.min(total, this.#fired - before));
      before += total;
      return [name, { done, total }];
    }));
  }

  #category(): string {
    return this.shots[Math.min(this.#fired, this.shots.length - 1)]?.category ?? "";
  }

  #seconds(): number {
    return (this.clock.monotonicMs() - this.#began) / 1000;
  }

  /** Nothing can be told before the first shot, nor is anything left after the last. */
  #secondsLeft(): number | undefined {
    const { done, total } = this.#all();
    // Nor how many rounds come after this one.
    if (done === 0 || done === total || this.degree.round !== undefined) return undefined;
    return (this.#seconds() / done) * (total - done);
  }
}

function bar({ done, total }: Share): string {
  const filled = total === 0 ? BAR : Math.floor((done / total) * BAR);
  return `[${"#".repeat(filled)}${".".repeat(BAR - filled)}]`;
}

function rounded(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
