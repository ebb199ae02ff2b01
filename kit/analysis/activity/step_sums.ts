/**
 * What the steps launched: kernels and their time by step, and by phase and category.
 *
 * @module
 */

import type { Category, Phase } from "../capture/model.ts";
import type { Activities } from "./activities.ts";
import { StepTimeline } from "./step_timeline.ts";
import type { Step } from "./steps.ts";
import type { Tables } from "./tables.ts";

/** Sums over the activities of steps. */
export class StepSums {
  readonly kernels: Uint32Array;
  readonly time: Float64Array;
  /** When the last activity that a step launched ends; 0 where it launched none. */
  readonly end: Float64Array;
  readonly timeline: StepTimeline;
  readonly phases = new Map<Phase, Map<Category, { count: number; total: number }>>();
  /** Time of graphs that were recorded as a whole, by phase. */
  readonly graphTime = new Map<Phase, number>();

  #phase: Phase | undefined;
  #categories = new Map<Category, { count: number; total: number }>();

  /** @param drawn How many of the first steps may be drawn in full. */
  constructor(
    private readonly tables: Tables,
    private readonly steps: readonly Step[],
    drawn = steps.length,
  ) {
    this.kernels = new Uint32Array(steps.length);
    this.time = new Float64Array(steps.length);
    this.end = new Float64Array(steps.length);
    this.timeline = new StepTimeline(tables, drawn < steps.length ? steps.slice(0, drawn) : steps);
  }

  /** Takes an activity; the step is −1 where none launched it. */
  take(activities: Activities, row: number, step: number): void {
    const duration = activities.duration(row);
    if (step >= 0) {
      this.end[step] = Math.max(this.end[step]!, activities.start(row) + duration);
      this.timeline.take(activities, row, step);
    }
    if (activities.isCopy(row)) return;
    const whole = activities.isGraph(row);
    if (step >= 0) {
      if (!whole) this.kernels[step]!++;
      this.time[step]! += duration;
    }
    const told = step < 0 ? undefined : this.steps[step]!.told.phase;
    const phase: Phase = told === undefined || told === "idle" ? "other" : told;
    if (whole) {
      this.graphTime.set(phase, (this.graphTime.get(phase) ?? 0) + duration);
      return;
    }
    const category = this.tables.category(activities.name(row));
    if (phase !== this.#phase) {
      this.#phase = phase;
      this.#categories = this.phases.get(phase) ?? new Map();
      this.phases.set(phase, this.#categories);
    }
    const categories = this.#categories;
    const sum = categories.get(category);
    if (sum) {
      sum.count++;
      sum.total += duration;
    } else {
      categories.set(category, { count: 1, total: duration });
    }
  }
}
