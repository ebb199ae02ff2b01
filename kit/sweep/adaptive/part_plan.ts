/**
 * What a plan tells of a sweep that measures a part of its grid.
 *
 * @module
 */

import { formatDuration } from "../../contract/quantities.ts";
import { type CategoryGrid, distinctShots } from "../grids/categories.ts";
import { shotKey } from "../grids/shot.ts";
import type { SweepValues } from "../options.ts";
import type { Estimate } from "../plan/estimate.ts";
import { firstChoice } from "./choose.ts";
import { isPart } from "./sweep_part.ts";

/** The part, before anything is measured. */
export interface PartPlan {
  readonly budget_sec?: number;
  readonly grid_error?: number;
  /** Shots of a TP degree that are fired in any case: corners of the grids, and keys drawn at random. */
  readonly first_shots: number;
  /** Shots of a TP degree that a budget is for, by the same guess as all times of the plan. */
  readonly shots_in_budget?: number;
}

/** The part that the options ask for; undefined where they ask for all. */
export function partPlan(
  { budget, gridError }: SweepValues,
  grids: readonly CategoryGrid[],
  { secondsByCategory }: Estimate,
): PartPlan | undefined {
  if (!isPart({ budget, gridError })) return undefined;
  const first = new Set(
    grids.flatMap((grid) =>
      firstChoice({ grid }).flatMap((place) => grid.category.shots(grid.keys[place]!).map(shotKey))
    ),
  );
  const all = distinctShots(grids);
  const seconds = Object.values(secondsByCategory).reduce((sum, value) => sum + value, 0);
  return {
    ...(budget === undefined ? {} : {
      budget_sec: budget,
      shots_in_budget: Math.min(all, Math.round(all * budget / Math.max(1, seconds))),
    }),
    ...(gridError === undefined ? {} : { grid_error: gridError }),
    first_shots: first.size,
  };
}

/** The same in words. */
export function partText(part: PartPlan, all: number): string {
  const { budget_sec: budget, shots_in_budget: shots, grid_error: error } = part;
  const until = [
    ...(budget === undefined
      ? []
      : [`${formatDuration(budget)} of shots, about ${shots} of ${all}`]),
    ...(error === undefined ? [] : [`a mean error of ${Number((100 * error).toFixed(2))} %`]),
  ];
  return `  of them a part: ${part.first_shots} to begin with, then where the tables are most wrong, until ` +
    until.join(" or ");
}
