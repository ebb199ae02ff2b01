/**
 * The categories of a sweep, in the order in which they are fired.
 *
 * @module
 */

import { attention } from "./attention.ts";
import { dense } from "./dense.ts";
import type { Grid, SweepCategory } from "./grid.ts";
import type { Density, Limits } from "./limits.ts";
import { moe } from "./moe.ts";
import { perSequence } from "./per_sequence.ts";
import { shotKey } from "./shot.ts";
import { skew } from "./skew.ts";

/** Every category. */
export const SWEEP_CATEGORIES: readonly SweepCategory[] = [
  dense,
  perSequence,
  attention,
  moe,
  skew,
];

/** Names of the categories. */
export const CATEGORY_NAMES = ["dense", "per_sequence", "attention", "moe", "skew"] as const;

/** Keys that may be tried before a grid is called a mistake. */
const MOST_CANDIDATES = 20_000_000;

/** A category with its grid. */
export interface CategoryGrid extends Grid {
  readonly category: SweepCategory;
  /** Forward passes of its rows, counting each as often as a row asks for it. */
  readonly shots: number;
  /** Those that no category before it, and no row before, has asked for. */
  readonly newShots: number;
}

/**
 * The grids of some categories.
 *
 * @throws {RangeError} where a factor is so near to 1 that a grid cannot be meant.
 */
export function sweepGrids(
  limits: Limits,
  density: Density,
  names: readonly string[],
): readonly CategoryGrid[] {
  const fired = new Set<string>();
  return SWEEP_CATEGORIES.filter(({ name }) => names.includes(name)).map((category) => {
    const grid = gridOf(category, limits, density);
    const before = fired.size;
    let shots = 0;
    for (const key of grid.keys) {
      for (const shot of category.shots(key)) {
        shots++;
        fired.add(shotKey(shot));
      }
    }
    return { ...grid, category, shots, newShots: fired.size - before };
  });
}

/**
 * The grid of a category.
 *
 * @throws {RangeError} where a factor is so near to 1 that it cannot be meant.
 */
export function gridOf(category: SweepCategory, limits: Limits, density: Density): Grid {
  const candidates = category.axes(limits, density)
    .reduce((product, axis) => product * axis.length, 1);
  if (candidates > MOST_CANDIDATES) {
    throw new RangeError(
      `The grid of ${category.name} has ${candidates} points; give larger factors`,
    );
  }
  return category.grid(limits, density);
}

/** Different forward passes over all categories. */
export function distinctShots(grids: readonly CategoryGrid[]): number {
  return grids.reduce((sum, { newShots }) => sum + newShots, 0);
}
