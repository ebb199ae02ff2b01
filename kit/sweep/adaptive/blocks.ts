/**
 * Blocks of a table: pieces that readers take along straight lines, the product of two axes.
 *
 * Attention has a block for each chunk beside each number of decodes, over both histories; `moe` one for
 * each number of experts, over tokens; the others are one block. Every block of the grid is measured at
 * its corners at least, because a reader takes the nearest block where one is missing.
 *
 * @module
 */

import type { CategoryGrid } from "../grids/categories.ts";
import type { Key } from "../grids/grid.ts";

/** A block. Places are those of values in its axes, which rise. */
export interface Block {
  /** Where it lies among the blocks of its table; near ones are alike. */
  readonly at: readonly number[];
  readonly outer: readonly number[];
  readonly inner: readonly number[];
  /** Place of the key in the grid, by outer and inner place; undefined where the grid has none. */
  cell(outer: number, inner: number): number | undefined;
  /** First and last inner place that the grid has at an outer one. */
  ends(outer: number): readonly [first: number, last: number];
}

/** Columns of a key: those that tell blocks apart, the outer axis if there is one, the inner axis. */
const SPLITS: Readonly<Record<string, { by: number[]; outer?: number; inner: number }>> = {
  dense: { by: [], inner: 0 },
  per_sequence: { by: [], inner: 0 },
  attention: { by: [0, 2], outer: 1, inner: 3 },
  moe: { by: [1], inner: 0 },
};

/** The blocks of a grid that is no skew. */
export function blocksOf({ category, keys }: Pick<CategoryGrid, "category" | "keys">): Block[] {
  const { by, outer, inner } = SPLITS[category.name]!;
  const axes = by.map((column) => rising(keys.map((key) => key[column]!)));
  const groups = new Map<string, number[]>();
  for (const [place, key] of keys.entries()) {
    const name = by.map((column) => key[column]!).join();
    const group = groups.get(name);
    if (group) group.push(place);
    else groups.set(name, [place]);
  }
  return [...groups.values()].map((places) => {
    const first = keys[places[0]!]!;
    const outerOf = (key: Key) => outer === undefined ? 0 : key[outer]!;
    return block(
      by.map((column, axis) => axes[axis]!.indexOf(first[column]!)),
      places.map((place) => [outerOf(keys[place]!), keys[place]![inner]!, place] as const),
    );
  });
}

function block(
  at: readonly number[],
  cells: readonly (readonly [outer: number, inner: number, place: number])[],
): Block {
  const outer = rising(cells.map(([value]) => value));
  const inner = rising(cells.map(([, value]) => value));
  const outerPlaces = new Map(outer.map((value, place) => [value, place]));
  const innerPlaces = new Map(inner.map((value, place) => [value, place]));
  const table = new Int32Array(outer.length * inner.length).fill(-1);
  for (const [one, other, place] of cells) {
    table[outerPlaces.get(one)! * inner.length + innerPlaces.get(other)!] = place;
  }
  const rows = outer.map((_, row) => {
    const places = inner.keys().filter((place) => table[row * inner.length + place]! >= 0)
      .toArray();
    return [places[0]!, places.at(-1)!] as const;
  });
  return {
    at,
    outer,
    inner,
    cell(one, other) {
      const found = table[one * inner.length + other]!;
      return found < 0 ? undefined : found;
    },
    ends: (row) => rows[row]!,
  };
}

/** Different numbers, rising. */
export function rising(numbers: Iterable<number>): number[] {
  return [...new Set(numbers)].sort((one, other) => one - other);
}
