/**
 * The shots that are still to be fired: each once, whatever rows ask for it.
 *
 * @module
 */

import type { CategoryGrid } from "../grids/categories.ts";
import { type Run, type Shot, shotKey } from "../grids/shot.ts";
import type { Architecture } from "../model/architecture.ts";
import { layersAt, type SweepTimes } from "./times.ts";

/** A shot as the worker takes it. */
export interface NeededShot {
  /** Its key. */
  readonly k: string;
  /** Requests that are alike: new tokens, history, count. */
  readonly r: readonly Run[];
  /** Experts that are forced. */
  readonly e?: number;
  /** Layers whose times are asked for. */
  readonly l: readonly string[];
  /** The first category that asks for it. */
  readonly category: string;
}

/**
 * Shots that lack samples, in the order of the grids.
 *
 * @param iterations Samples that a time has to have.
 * @param absent Layers that this engine does not have.
 */
export function neededShots(
  grids: readonly CategoryGrid[],
  architecture: Architecture,
  tp: number,
  times: SweepTimes,
  iterations: number,
  absent: ReadonlySet<string>,
): NeededShot[] {
  const found = new Map<
    string,
    { shot: Omit<NeededShot, "l">; layers: Set<string>; lacks: boolean }
  >();
  for (const { category, keys } of grids) {
    const layers = layersAt(architecture, category.name, tp).filter((name) => !absent.has(name));
    if (layers.length === 0) continue;
    for (const key of keys) {
      for (const shot of category.shots(key)) {
        const name = shotKey(shot);
        const entry = found.get(name) ??
          { shot: forWorker(shot, name, category.name), layers: new Set(), lacks: false };
        found.set(name, entry);
        for (const layer of layers) {
          entry.layers.add(layer);
          entry.lacks ||= (times.of(category.name, tp, layer, name)?.length ?? 0) < iterations;
        }
      }
    }
  }
  return [...found.values()].filter(({ lacks }) => lacks)
    .map(({ shot, layers }) => ({ ...shot, l: [...layers] }));
}

function forWorker(
  { requests, experts }: Shot,
  k: string,
  category: string,
): Omit<NeededShot, "l"> {
  return {
    k,
    r: requests.filter(([, , count]) => count > 0),
    ...(experts === undefined ? {} : { e: experts }),
    category,
  };
}
