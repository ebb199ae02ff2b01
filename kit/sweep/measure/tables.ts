/**
 * The tables of a sweep, made from its times.
 *
 * @module
 */

import type { CategoryGrid } from "../grids/categories.ts";
import { shotKey } from "../grids/shot.ts";
import { skewCase } from "../grids/skew.ts";
import type { LayerKind } from "../model/layer_kinds.ts";
import type { Architecture } from "../model/architecture.ts";
import { pythonFloat, roundDecimals, sixDigits } from "../rounding.ts";
import { SWEEP_TABLES, type TableName } from "../sweep_tables.ts";
import { type Sampled, sampled } from "./statistics.ts";
import { catalogTable, layersAt, type SweepTimes } from "./times.ts";

/** Columns behind those of LLMServingSim's. */
export const TRAILING = ["spread_us", "samples"];
/** The same of `skew.csv`. */
export const SKEW_TRAILING = ["t_mean_spread_us", "t_max_spread_us", "t_skew_spread_us", "samples"];
/** Share of the mean's time by which the longest history must be above it: else alpha is noise. */
export const NOISE_SHARE = 0.02;

/** A table. */
export interface MadeTable {
  readonly name: TableName;
  readonly text: string;
  readonly rows: number;
  /** Rows of the grid that have no time. */
  readonly missing: number;
}

/**
 * Makes the table of a category at a TP degree; undefined where it has none there.
 *
 * @param stableKeys Keys of layers that are the same at every TP degree, where they are others.
 */
export function makeTable(
  grid: CategoryGrid,
  architecture: Architecture,
  tp: number,
  times: SweepTimes,
  kinds: readonly LayerKind[] = [],
  stableKeys: CategoryGrid["keys"] = grid.keys,
): MadeTable | undefined {
  const name = grid.category.name as TableName;
  if (name === "moe" && tp !== 1) return undefined;
  if (name === "skew") return skewTable(grid, architecture, tp, times);
  const { catalog } = architecture;
  const layers = Object.entries(catalog[catalogTable(name)]).sort(([one], [other]) =>
    one < other ? -1 : 1
  );
  const layered = name === "dense" || name === "per_sequence";
  // What attention takes in layers of each kind; its time is the mean over the layers of the model.
  const several = name === "attention" && kinds.length > 1 ? kinds : [];
  const columns = several.map((kind) => `${kind.name}_us`);
  const lines: string[] = [[...SWEEP_TABLES[name].columns, ...TRAILING, ...columns].join(",")];
  let missing = 0;
  for (const [layer, { tpStable }] of layers) {
    for (const key of tpStable ? stableKeys : grid.keys) {
      const [shot] = grid.category.shots(key);
      // What is the same at every TP degree was measured at 1.
      const measured = tpStable ? 1 : tp;
      const us = times.of(name, measured, layer, shotKey(shot!));
      if (!us) {
        missing++;
        continue;
      }
      const { time, spread, samples } = sampled(us);
      const ofKinds = several.map(({ name: kind }) => {
        const own = times.of(name, measured, `${layer} ${kind}`, shotKey(shot!));
        return own && sampled(own).time;
      });
      lines.push(
        [
          ...(layered ? [layer] : []),
          ...key,
          sixDigits(meanOverLayers(several, ofKinds) ?? time),
          sixDigits(spread),
          samples,
          ...ofKinds.map((own) => own === undefined ? "" : sixDigits(own)),
        ].join(),
      );
    }
  }
  return { name, text: lines.join("\n") + "\n", rows: lines.length - 1, missing };
}

/**
 * The time of a layer of the model on average, of the times of its kinds; undefined without all of them. A
 * pass that something disturbed in one kind of layers alone leaves the others as they are.
 */
function meanOverLayers(
  kinds: readonly LayerKind[],
  times: readonly (number | undefined)[],
): number | undefined {
  if (kinds.length === 0 || times.includes(undefined)) return undefined;
  const layers = kinds.reduce((sum, { count }) => sum + count, 0);
  return kinds.reduce((sum, { count }, place) => sum + count * times[place]!, 0) / layers;
}

function skewTable(
  { category, keys }: CategoryGrid,
  architecture: Architecture,
  tp: number,
  times: SweepTimes,
): MadeTable {
  const layer = layersAt(architecture, "skew", 1)[0]!;
  const lines = [[...SWEEP_TABLES.skew.columns, ...SKEW_TRAILING].join(",")];
  let missing = 0;
  for (const key of keys) {
    const found = category.shots(key).map((shot) => times.of("skew", tp, layer, shotKey(shot)));
    if (found.some((us) => us === undefined)) {
      missing++;
      continue;
    }
    const [mean, max, skewed] = found.map((us) => sampled(us!)) as [Sampled, Sampled, Sampled];
    const { n, nb, skew, pc, kp, kvs, kvBig, kvMean } = skewCase(key);
    lines.push([
      pc === 0 ? "pure" : "mixed",
      n,
      nb,
      pythonFloat(roundDecimals(nb / n, 4)),
      pythonFloat(skew),
      pc,
      kp,
      kvs,
      kvBig,
      kvMean,
      ...[mean, max, skewed].map(({ time }) => micros(time)),
      alpha(mean, max, skewed),
      ...[mean, max, skewed].map(({ spread }) => micros(spread)),
      Math.min(mean.samples, max.samples, skewed.samples),
    ].join());
  }
  return { name: "skew", text: lines.join("\n") + "\n", rows: lines.length - 1, missing };
}

function micros(value: number): string {
  return pythonFloat(roundDecimals(value, 3));
}

/** Blank where the longest history is not above the mean by more than the noise. */
function alpha(mean: Sampled, max: Sampled, skewed: Sampled): string {
  const span = max.time - mean.time;
  // The written times decide, so that a reader comes to the same.
  const written = roundDecimals(max.time, 3) - roundDecimals(mean.time, 3);
  const noise = Math.max(NOISE_SHARE * mean.time, mean.spread, max.spread);
  return span > noise && written > NOISE_SHARE * roundDecimals(mean.time, 3)
    ? pythonFloat(roundDecimals((skewed.time - mean.time) / span, 4))
    : "";
}
