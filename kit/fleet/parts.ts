/**
 * Parts of a unit: ranges of the shots of its categories, which a job of their own measures.
 *
 * A place is counted within a category, in the order of the grid as an engine's limits leave it. Engines with other
 * limits count otherwise: parts that one of them fills may leave a gap for another, which a job without a
 * part closes at the end.
 *
 * @module
 */

import type { NeededShot } from "../sweep/measure/needed.ts";
import type { CategoryWork, FleetJob, ShotRange } from "./work.ts";

/** A range of a category; without `to` up to its end. */
export interface PartRange {
  readonly category: string;
  readonly from: number;
  readonly to?: number;
}

/** A part; where there is none all of the unit is meant. */
export type UnitPart = readonly PartRange[];

/** A shot by its place within its category. */
export interface PlacedShot extends Pick<NeededShot, "k" | "category"> {
  readonly place: number;
}

/** The places of all shots of a unit, in their order. */
export function placed(shots: readonly Pick<NeededShot, "k" | "category">[]): PlacedShot[] {
  const counts = new Map<string, number>();
  return shots.map(({ k, category }) => {
    const place = counts.get(category) ?? 0;
    counts.set(category, place + 1);
    return { k, category, place };
  });
}

/** Whether a part has a shot. */
export function isIn(
  part: UnitPart | undefined,
  { category, place }: Pick<PlacedShot, "category" | "place">,
): boolean {
  return part === undefined ||
    part.some((range) =>
      range.category === category && range.from <= place && place < (range.to ?? Infinity)
    );
}

/** Whether two parts have a range in common. */
export function overlap(one: UnitPart | undefined, other: UnitPart | undefined): boolean {
  if (one === undefined || other === undefined) return true;
  return one.some((a) =>
    other.some((b) =>
      a.category === b.category && a.from < (b.to ?? Infinity) && b.from < (a.to ?? Infinity)
    )
  );
}

/**
 * Shots as work, in ranges.
 *
 * @param shots In the order of their places.
 * @param secondsOf What a shot of a category is expected to take.
 */
export function workOfShots(
  shots: readonly PlacedShot[],
  secondsOf: (category: string) => number,
): CategoryWork[] {
  const found = new Map<string, { from: number; to: number }[]>();
  for (const { category, place } of shots) {
    const ranges = found.get(category) ?? [];
    found.set(category, ranges);
    const last = ranges.at(-1);
    if (last?.to === place) last.to++;
    else ranges.push({ from: place, to: place + 1 });
  }
  return [...found].map(([category, missing]) => ({
    category,
    missing: missing as ShotRange[],
    secondsPerShot: secondsOf(category),
  }));
}

/**
 * The part that a job measures; a range that ends where its category does has no end.
 *
 * @param counts Shots of each category.
 */
export function partOf(
  { units }: Pick<FleetJob, "units">,
  counts: ReadonlyMap<string, number>,
): UnitPart {
  return units.map(({ category, from, to }) =>
    to >= (counts.get(category) ?? Infinity) ? { category, from } : { category, from, to }
  );
}

/** How many shots each category has. */
export function countsOf(shots: readonly PlacedShot[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { category, place } of shots) counts.set(category, place + 1);
  return counts;
}

/** A part as a person reads it: places are counted from 1. */
export function partText(part: UnitPart): string {
  return part.map(({ category, from, to }) =>
    to === undefined
      ? from === 0 ? category : `${category} from ${from + 1}`
      : `${category} ${from + 1} to ${to}`
  ).join(", ");
}

/** A part as a job's metadata has it; undefined where it is none. */
export function readPart(text: string | undefined): UnitPart | undefined {
  if (text === undefined) return undefined;
  try {
    const part = JSON.parse(text);
    const fits = Array.isArray(part) &&
      part.every((range) =>
        typeof range?.category === "string" && Number.isSafeInteger(range.from) &&
        (range.to === undefined || Number.isSafeInteger(range.to))
      );
    return fits ? part : undefined;
  } catch {
    return undefined;
  }
}
