/**
 * Which keys of a sweep to measure next: first every block at its corners and a few keys at random, then
 * where the tables are expected to be most wrong for the time that it takes.
 *
 * Everything follows from the grids and what is measured: the same choice whoever measured it, so that a
 * sweep that was cut off goes on.
 *
 * @module
 */

import { crc32 } from "node:zlib";
import type { CategoryGrid } from "../grids/categories.ts";
import { errorFigures } from "../predict/errors.ts";
import { type Block, blocksOf } from "./blocks.ts";
import { errorOf, isReadable, type Lattice, latticeOf, readCell, type TimesAt } from "./lattice.ts";
import { type Refinement, refinements } from "./refine.ts";
import { Alphas, skewRefinements } from "./skew_cases.ts";

/** A table that is made bit by bit. */
export interface AdaptiveTable {
  readonly grid: CategoryGrid;
  /** Times in µs at a place of the grid: of each layer; of skew of the mean, the longest, the unequal. */
  readonly times: TimesAt;
}

/** Keys of one category, by their places in its grid. */
export interface Choice {
  readonly category: string;
  readonly places: readonly number[];
}

/** How far a table is. */
export interface TableState {
  readonly keys: number;
  readonly measured: number;
  /** Those of them that the table has ({@linkcode keptPlaces}). */
  readonly kept: number;
  /** Of keys drawn at random that the other keys were read at; absent where none are measured, or all are. */
  readonly error?: {
    readonly count: number;
    readonly mean: number;
    readonly median: number;
    readonly p90: number;
  };
}

/** A grid with fewer keys is measured whole. */
const FEW_KEYS = 32;

/** Share of the best refinement's gain for a shot, below which another has to wait for the next round. */
const WORTHWHILE = 0.1;

const SKEW = "skew";

/** What of a table does not change while it is measured. */
interface Layout {
  /** Places that are measured to tell the error, and count for nothing else. */
  readonly probes: ReadonlySet<number>;
  /** Of skew: cases drawn at random to begin with. */
  readonly first: readonly number[];
  /** Absent of skew. */
  readonly blocks?: readonly Block[];
}

const LAYOUTS = new WeakMap<CategoryGrid, Layout>();

function layoutOf(grid: CategoryGrid): Layout {
  const known = LAYOUTS.get(grid);
  if (known) return known;
  const { category, keys } = grid;
  // As good as drawn by lot, and the same every time.
  const drawn = keys.keys().toArray()
    .map((place) => ({ place, lot: crc32(`${category.name} ${keys[place]!.join()}`) }))
    .sort((one, other) => one.lot - other.lot).map(({ place }) => place);
  const count = keys.length <= FEW_KEYS ? 0 : Math.ceil(Math.sqrt(keys.length));
  const layout = {
    probes: new Set(drawn.slice(0, count)),
    first: category.name === SKEW ? drawn.slice(count, 2 * count) : [],
    ...(category.name === SKEW ? {} : { blocks: blocksOf(grid) }),
  };
  LAYOUTS.set(grid, layout);
  return layout;
}

/** What is measured in any case: corners, and keys drawn at random. */
export function firstChoice({ grid }: Pick<AdaptiveTable, "grid">): readonly number[] {
  const { probes, first, blocks = [] } = layoutOf(grid);
  if (probes.size === 0) return grid.keys.keys().toArray();
  const corners = blocks.flatMap((block) => latticeOf(block, () => undefined).open);
  return [...new Set([...corners, ...first, ...probes])];
}

/**
 * The next keys.
 *
 * @param shots About how many shots they are to take.
 * @param target Mean error below which a table is good enough; all are measured whole without it.
 */
export function nextChoice(
  tables: readonly AdaptiveTable[],
  shots: number,
  target?: number,
): readonly Choice[] {
  const begun = tables.map((table) => ({
    category: table.grid.category.name,
    places: firstChoice(table).filter((place) => table.times(place) === undefined),
  })).filter(({ places }) => places.length > 0);
  if (begun.length > 0) return cut(begun, tables, shots);
  const open = tables.map(openLattices).filter(({ places }) => places.length > 0);
  if (open.length > 0) return cut(open, tables, shots);
  const found = tables.flatMap((table) => {
    const { error } = stateOf(table);
    if (error && target !== undefined && error.mean <= target) return [];
    const each = shotsEach(table);
    return refinementsOf(table).map((refinement) => ({
      category: table.grid.category.name,
      shots: each * refinement.places.length,
      ...refinement,
    }));
  }).sort((one, other) => other.gain / other.shots - one.gain / one.shots);
  const chosen = new Map<string, Set<number>>();
  let left = shots;
  for (const { category, places, shots: needed, gain } of found) {
    // With the times of the best others may become better than what is left.
    if (left <= 0 || gain / needed < WORTHWHILE * found[0]!.gain / found[0]!.shots) break;
    const own = chosen.get(category) ?? new Set();
    chosen.set(category, own);
    for (const place of places) own.add(place);
    left -= needed;
  }
  return [...chosen].map(([category, places]) => ({ category, places: [...places] }));
}

/** The first so many shots of some choices. */
function cut(
  choices: readonly Choice[],
  tables: readonly AdaptiveTable[],
  shots: number,
): readonly Choice[] {
  let left = shots;
  return choices.flatMap(({ category, places }) => {
    const each = shotsEach(tables.find(({ grid }) => grid.category.name === category)!);
    const own = places.slice(0, Math.max(0, Math.ceil(left / each)));
    left -= own.length * each;
    return own.length > 0 ? [{ category, places: own }] : [];
  });
}

function shotsEach({ grid }: AdaptiveTable): number {
  return grid.category.shots(grid.keys[0]!).length;
}

function latticesOf({ grid, times }: AdaptiveTable): readonly Lattice[] {
  return (layoutOf(grid).blocks ?? []).map((block) => latticeOf(block, times));
}

/** Rows that were begun come first. */
function openLattices(table: AdaptiveTable): Choice {
  return {
    category: table.grid.category.name,
    places: latticesOf(table).flatMap(({ open }) => open),
  };
}

function refinementsOf(table: AdaptiveTable): readonly Refinement[] {
  const { grid, times } = table;
  if (grid.category.name === SKEW) {
    const { probes } = layoutOf(grid);
    return skewRefinements(grid.keys, times, (place) => probes.has(place));
  }
  return refinements(latticesOf(table), times, grid.keys.length);
}

/**
 * How much of a table is measured, and how far what is read from it is from the truth: at the keys that
 * were drawn at random, as if they were not in it.
 */
export function stateOf(table: AdaptiveTable): TableState {
  const { grid, times } = table;
  const measured = grid.keys.keys().filter((place) => times(place) !== undefined).toArray().length;
  const errors = grid.category.name === SKEW ? skewErrors(table) : latticeErrors(table);
  const figures = measured < grid.keys.length ? errorFigures(errors) : undefined;
  const counts = { keys: grid.keys.length, measured, kept: keptPlaces(table).length };
  if (!figures) return counts;
  const { count, signed_mean: mean, median, p90 } = figures;
  return { ...counts, error: { count, mean, median, p90 } };
}

/** Errors at the probes that the lattices do not have. */
function latticeErrors({ grid, times }: AdaptiveTable): number[] {
  const { probes, blocks = [] } = layoutOf(grid);
  return blocks.flatMap((block) => {
    const lattice = latticeOf(block, times);
    if (!isReadable(lattice, times)) return [];
    const rows = new Set(lattice.rows);
    const columns = new Set(lattice.columns);
    const errors: number[] = [];
    for (const outer of block.outer.keys()) {
      for (const inner of block.inner.keys()) {
        const place = block.cell(outer, inner);
        if (place === undefined || !probes.has(place)) continue;
        const node = rows.has(outer) &&
          (columns.has(inner) || block.ends(outer).includes(inner));
        const found = times(place);
        if (found && !node) errors.push(errorOf(readCell(lattice, times, outer, inner), found));
      }
    }
    return errors;
  });
}

function skewErrors({ grid: { keys }, grid, times }: AdaptiveTable): number[] {
  const { probes } = layoutOf(grid);
  const alphas = new Alphas(keys);
  for (const place of keys.keys()) {
    const found = times(place);
    if (found && !probes.has(place)) alphas.add(place, found);
  }
  return [...probes].flatMap((place) => {
    const found = times(place);
    return found ? [alphas.error(place, found, false)] : [];
  });
}

/**
 * The keys that a table is to have: measured ones, but for those of rows that lack an end, which would
 * be read as if the row were level.
 */
export function keptPlaces({ grid, times }: AdaptiveTable): readonly number[] {
  const { blocks } = layoutOf(grid);
  const measured = grid.keys.keys().filter((place) => times(place) !== undefined);
  if (!blocks) return measured.toArray();
  const kept = new Set<number>();
  for (const block of blocks) {
    const { rows } = latticeOf(block, times);
    for (const row of rows) {
      const whole = block.ends(row).every((end) => times(block.cell(row, end)!) !== undefined);
      if (!whole) continue;
      for (const column of block.inner.keys()) {
        const place = block.cell(row, column);
        if (place !== undefined) kept.add(place);
      }
    }
  }
  return measured.filter((place) => kept.has(place)).toArray();
}
