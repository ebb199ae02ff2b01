/**
 * The step of middle length, slice by slice.
 *
 * @module
 */

import type { Timeline, TimelineSlice } from "../capture/timeline.ts";
import type { Activities } from "./activities.ts";
import type { Step } from "./steps.ts";
import type { Tables } from "./tables.ts";

const MOST_SLICES = 4000;

/** So many steps are followed, as some may turn out to have launched nothing. */
const CANDIDATES = 5;

/** Collects the slices of a few steps of middle length, of the phase that most steps have. */
export class StepTimeline {
  #candidates = new Map<number, TimelineSlice[]>();
  #leftOut = new Map<number, number>();

  constructor(private readonly tables: Tables, private readonly steps: readonly Step[]) {
    const byPhase = new Map<string, number[]>();
    steps.forEach(({ told }, index) => {
      const same = byPhase.get(told.phase ?? "");
      if (same) same.push(index);
      else byPhase.set(told.phase ?? "", [index]);
    });
    const phases = [...byPhase].sort(([, a], [, b]) => b.length - a.length);
    const [, most = []] = phases.find(([phase]) => phase !== "idle") ?? [];
    const length = (index: number) => steps[index]!.end - steps[index]!.start;
    const middle = most.length >> 1;
    const sorted = most.toSorted((a, b) => length(a) - length(b));
    const distance = (place: number) => Math.abs(place - middle);
    const places = sorted.map((_, place) => place).sort((a, b) => distance(a) - distance(b));
    for (const place of places.slice(0, CANDIDATES)) this.#candidates.set(sorted[place]!, []);
  }

  /** Takes an activity of a step. */
  take(activities: Activities, row: number, step: number): void {
    const slices = this.#candidates.get(step);
    if (!slices) return;
    if (slices.length >= MOST_SLICES) {
      this.#leftOut.set(step, (this.#leftOut.get(step) ?? 0) + 1);
      return;
    }
    const origin = this.steps[step]!.start;
    const name = activities.name(row);
    const { device, stream } = activities.lanes[activities.laneOf(row)]!;
    slices.push({
      name: this.tables.names.text(name),
      category: activities.isCopy(row) ? "copy" : this.tables.category(name),
      device,
      stream,
      start_ns: activities.start(row) - origin,
      duration_ns: activities.duration(row),
      launched_ns: activities.launch(row) - origin,
      ...(activities.inGraph(row) ? { in_graph: true as const } : {}),
    });
  }

  /** The picture's data; nothing where no candidate launched anything. */
  timeline(source: number): Timeline | undefined {
    for (const [iteration, slices] of this.#candidates) {
      if (slices.length === 0) continue;
      const { start, end } = this.steps[iteration]!;
      return {
        iteration,
        source,
        elapsed_ns: end - start,
        slices: slices.sort((a, b) => a.start_ns - b.start_ns),
        left_out: this.#leftOut.get(iteration) ?? 0,
      };
    }
    return undefined;
  }
}
