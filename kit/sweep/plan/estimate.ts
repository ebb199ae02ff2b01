/**
 * How long a sweep takes and what it leaves, roughly, before anything was measured.
 *
 * @module
 */

import type { CategoryGrid } from "../grids/categories.ts";
import { gridsOf, type SweepSettings } from "./settings.ts";

/** A forward pass of one layer with its batch built in Python: 2.9 to 4.3 ms on hosts of an H200. */
const FORWARD_SECONDS = 0.0036;
/** vLLM's start with one layer, up to the first shot: 37 to 92 s there. */
export const ENGINE_START_SECONDS = 60;
/** From so many passes on a GPU's shot has none for warming up (`hooks/vscope_sweep/extension.py`). */
const WITHOUT_WARM_UP = 3;
/** The coarse factor that is offered. */
const COARSE = 4;
/** Bytes of a row; a skew row comes with its share of the fit. */
const ROW_BYTES: Readonly<Record<string, number>> = {
  dense: 44,
  per_sequence: 40,
  attention: 48,
  moe: 36,
  skew: 130,
};

/** An estimate. */
export interface Estimate {
  /** Of all TP degrees, with the starts of the engine; whole minutes. */
  readonly seconds: number;
  readonly diskBytes: number;
  /** Of all TP degrees, by category. */
  readonly secondsByCategory: Readonly<Record<string, number>>;
  /** What coarser axes of attention and skew would save. */
  readonly savedByCoarse: Readonly<Record<string, number>>;
  readonly coarseFactor: number;
}

/** Seconds of a shot with all its passes. */
export function shotSeconds(iterations: number): number {
  return (iterations < WITHOUT_WARM_UP ? iterations + 1 : iterations) * FORWARD_SECONDS;
}

/** Estimates a sweep. Categories of experts are measured at TP degree 1 only. */
export function estimate(
  settings: SweepSettings,
  grids: readonly CategoryGrid[],
  iterations: number,
): Estimate {
  const seconds = (found: readonly CategoryGrid[]) =>
    Object.fromEntries(found.map(({ category, newShots }) => {
      const degrees = category.name === "moe" ? 1 : settings.tpDegrees.length;
      return [category.name, newShots * shotSeconds(iterations) * degrees];
    }));
  const byCategory = seconds(grids);
  const { density } = settings;
  const coarser = seconds(gridsOf(settings, settings.categories, {
    attentionMaxKv: density.attentionMaxKv,
    attentionChunkFactor: Math.max(COARSE, density.attentionChunkFactor),
    attentionKvFactor: Math.max(COARSE, density.attentionKvFactor),
    moeFactor: Math.max(COARSE, density.moeFactor),
    skewNFactor: Math.max(COARSE, density.skewNFactor),
    skewPcFactor: Math.max(COARSE, density.skewPcFactor),
    skewKpFactor: Math.max(COARSE, density.skewKpFactor),
    skewKvsFactor: Math.max(COARSE, density.skewKvsFactor),
  }));
  const saved = Object.entries(byCategory)
    .map(([name, before]) => [name, before - (coarser[name] ?? 0)] as const)
    .filter(([, gain]) => gain > 1);
  const total = Object.values(byCategory).reduce((sum, value) => sum + value, 0);
  return {
    seconds: Math.ceil((total + ENGINE_START_SECONDS * settings.tpDegrees.length) / 60) * 60,
    diskBytes: diskBytes(settings, grids),
    secondsByCategory: rounded(byCategory),
    savedByCoarse: rounded(Object.fromEntries(saved)),
    coarseFactor: COARSE,
  };
}

function rounded(values: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, Math.round(value)]),
  );
}

function diskBytes({ architecture, tpDegrees }: SweepSettings, grids: readonly CategoryGrid[]) {
  const { catalog } = architecture;
  return grids.reduce((sum, { category: { name }, keys }) => {
    const layers = name === "dense" || name === "per_sequence"
      ? Object.keys(catalog[name]).length
      : 1;
    const degrees = name === "moe" ? 1 : tpDegrees.length;
    return sum + keys.length * layers * degrees * ROW_BYTES[name]!;
  }, 0);
}
