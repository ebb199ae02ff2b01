/**
 * The step of middle length, slice by slice.
 *
 * @module
 */

import type { Timeline, TimelineSlice } from "../capture/timeline.ts";
import type { Activities } from "./activities.ts";
import type { RankResult } from "./rank.ts";
import type { Tables } from "./tables.ts";

const MOST_SLICES = 4000;

/** The picture's data; nothing without steps or without a GPU. */
export function timelineOf(
  tables: Tables,
  source: number,
  result: RankResult,
): Timeline | undefined {
  const iteration = chosenStep(result);
  if (iteration === undefined) return undefined;
  const { steps, activities } = result;
  const { start, end } = steps[iteration]!;
  const until = steps[iteration + 1]?.start ?? Infinity;
  const slices: TimelineSlice[] = [];
  for (let row = 0; row < activities.length; row++) {
    const launch = activities.launch(row);
    if (!(launch >= start && launch < until)) continue;
    slices.push(slice(tables, activities, row, start));
  }
  slices.sort((a, b) => a.start_ns - b.start_ns);
  return {
    iteration,
    source,
    elapsed_ns: end - start,
    slices: slices.slice(0, MOST_SLICES),
    left_out: Math.max(0, slices.length - MOST_SLICES),
  };
}

function slice(tables: Tables, activities: Activities, row: number, origin: number): TimelineSlice {
  const name = activities.name(row);
  const { device, stream } = activities.lanes[activities.laneOf(row)]!;
  return {
    name: tables.names.text(name),
    category: activities.isCopy(row) ? "copy" : tables.category(name),
    device,
    stream,
    start_ns: activities.start(row) - origin,
    duration_ns: activities.duration(row),
    launched_ns: activities.launch(row) - origin,
    ...(activities.inGraph(row) ? { in_graph: true as const } : {}),
  };
}

/** Of the phase that most steps with kernels have, the one in the middle by length. */
function chosenStep({ steps, stepKernels }: RankResult): number | undefined {
  const byPhase = new Map<string, number[]>();
  steps.forEach(({ told }, index) => {
    if (stepKernels[index] === 0) return;
    const phase = told.phase ?? "";
    const same = byPhase.get(phase);
    if (same) same.push(index);
    else byPhase.set(phase, [index]);
  });
  const [most] = [...byPhase.values()].sort((a, b) => b.length - a.length);
  if (!most) return undefined;
  const length = (index: number) => steps[index]!.end - steps[index]!.start;
  return most.sort((a, b) => length(a) - length(b))[most.length >> 1];
}
