/**
 * A part of a sweep's grid, as `--budget` and `--grid-error` ask for it: what of it a journal has, and which
 * shots come next.
 *
 * @module
 */

import type { CategoryGrid } from "../grids/categories.ts";
import { shotKey } from "../grids/shot.ts";
import { forcedAt, type Journal } from "../measure/journal.ts";
import { type NeededShot, neededShots } from "../measure/needed.ts";
import { sampled } from "../measure/statistics.ts";
import { layersAt, type SweepTimes } from "../measure/times.ts";
import type { SweepValues } from "../options.ts";
import { gridsOf, type SweepSettings } from "../plan/settings.ts";
import { type AdaptiveTable, keptPlaces, nextChoice, stateOf, type TableState } from "./choose.ts";

/** Shares of all shots after which the choice is made anew. */
const ROUNDS = 50;
/** A timer may take so many shots together. */
const LEAST_ROUND = 64;

/** What a part is chosen by. */
export interface PartOf {
  /** With the limits of the engine. */
  readonly settings: SweepSettings;
  readonly tp: number;
  readonly times: SweepTimes;
  /** Samples that a time has to have. */
  readonly iterations: number;
  /** Layers that the engine does not have. */
  readonly absent: ReadonlySet<string>;
  /** Shots that cannot be fired: their keys are no part of the grid. */
  readonly failed: ReadonlySet<string>;
}

/** Whether a sweep measures a part of its grid. */
export function isPart({ budget, gridError }: Pick<SweepValues, "budget" | "gridError">): boolean {
  return budget !== undefined || gridError !== undefined;
}

/** The tables of a TP degree with what is measured of them. */
export function adaptiveTables(part: PartOf): AdaptiveTable[] {
  const { settings, tp, times, iterations, absent, failed } = part;
  const { architecture } = settings;
  return gridsOf(settings).flatMap((whole) => {
    const { name } = whole.category;
    const layers = layersAt(architecture, name, tp).filter((layer) => !absent.has(layer));
    if (layers.length === 0) return [];
    const grid = failed.size === 0 ? whole : without(whole, failed);
    if (grid.keys.length === 0) return [];
    const found = grid.keys.map((key) => {
      const samples = grid.category.shots(key).map(shotKey)
        .flatMap((shot) => layers.map((layer) => times.of(name, tp, layer, shot)));
      return samples.every((us) => us !== undefined && us.length >= iterations)
        ? samples.map((us) => sampled(us!).time)
        : undefined;
    });
    return [{ grid, times: (place: number) => found[place] }];
  });
}

function without(grid: CategoryGrid, failed: ReadonlySet<string>): CategoryGrid {
  const { category } = grid;
  return {
    ...grid,
    keys: grid.keys.filter((key) => !category.shots(key).some((shot) => failed.has(shotKey(shot)))),
  };
}

/** The next shots of a part; none where the budget is spent, or the tables are as good as asked for. */
export function nextShots(
  part: PartOf,
  journal: Journal,
  { budget, gridError }: Pick<SweepValues, "budget" | "gridError">,
): NeededShot[] {
  const { settings, tp, times, iterations, absent } = part;
  const tables = adaptiveTables(part);
  const { shots, seconds } = spent(journal, tp, tables);
  const all = tables.reduce((sum, { grid }) => sum + grid.newShots, 0);
  let round = Math.max(LEAST_ROUND, Math.ceil(all / ROUNDS));
  if (budget !== undefined) {
    // Each TP degree has its share, whichever is measured first.
    const left = budget / settings.tpDegrees.length - seconds;
    if (left <= 0) return [];
    // Nothing tells how long a shot takes before the first ones.
    round = shots === 0 ? Math.min(round, LEAST_ROUND) : Math.min(round, left * shots / seconds);
  }
  const chosen = nextChoice(tables, Math.max(1, Math.floor(round)), gridError);
  const wanted = new Set(chosen.flatMap(({ category: name, places }) => {
    const { keys, category } = tables.find(({ grid }) => grid.category.name === name)!.grid;
    return places.flatMap((place) => category.shots(keys[place]!).map(shotKey));
  }));
  // With the layers that other tables ask of the same shots.
  const grids = tables.map(({ grid }) => grid);
  return neededShots(grids, settings.architecture, tp, times, iterations, absent)
    .filter(({ k }) => wanted.has(k));
}

/** Shots of the grids that a TP degree has, and the seconds that they took. */
export function spent(
  { shots, sweeps }: Pick<Journal, "shots" | "sweeps">,
  tp: number,
  tables: readonly AdaptiveTable[],
): { shots: number; seconds: number } {
  const since = Math.max(
    0,
    ...sweeps.filter((line) => forcedAt(line, tp).length > 0).map(({ sweep }) => sweep),
  );
  const own = new Set(
    tables.flatMap(({ grid: { keys, category } }) =>
      keys.flatMap((key) => category.shots(key).map(shotKey))
    ),
  );
  const found = shots.filter(({ k, tp: of, s }) => of === tp && s >= since && own.has(k));
  return {
    shots: found.length,
    seconds: found.reduce((sum, { sec }) => sum + (sec ?? 0), 0),
  };
}

/** The keys that each table of a TP degree is to have, by category. */
export function keptKeys(part: PartOf): ReadonlyMap<string, CategoryGrid["keys"]> {
  return new Map(
    adaptiveTables(part).map((table) => [
      table.grid.category.name,
      keptPlaces(table).map((place) => table.grid.keys[place]!),
    ]),
  );
}

/** How far each table of a TP degree is, by category. */
export function partStates(part: PartOf): Readonly<Record<string, TableState>> {
  return Object.fromEntries(
    adaptiveTables(part).map((table) => [table.grid.category.name, stateOf(table)]),
  );
}
