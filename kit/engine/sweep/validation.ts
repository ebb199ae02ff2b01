/**
 * The held-out batches of a sweep: which are still to be fired, and what came of them.
 *
 * @module
 */

import { shotKey } from "../../sweep/grids/shot.ts";
import type { NeededShot } from "../../sweep/measure/needed.ts";
import { sampled } from "../../sweep/measure/statistics.ts";
import { layersAt, type SweepTimes } from "../../sweep/measure/times.ts";
import type { SweepSettings } from "../../sweep/plan/settings.ts";
import { interpolatedOperators } from "../../sweep/predict/interpolated.ts";
import type { Operators } from "../../sweep/predict/operators.ts";
import { nanoseconds, readPerfTables } from "../../sweep/predict/perf_tables.ts";
import { measuredAlpha, NO_SKEW } from "../../sweep/predict/skew_alpha.ts";
import { type Reading, tpFolders } from "../../sweep/sweep_folder.ts";
import { heldOutBatches } from "../../sweep/validation/batches.ts";
import { validateBatches, type Validation } from "../../sweep/validation/validate.ts";

/** What the shots count as, beside the categories of the grids. */
const CATEGORY = "validation";

/** Layers that are compared at a TP degree: those that are measured there. */
function layersOf({ architecture, limits }: SweepSettings, tp: number): string[] {
  const categories = ["dense", "per_sequence", "attention", ...limits.experts ? ["moe"] : []];
  return categories.flatMap((category) => layersAt(architecture, category, tp));
}

/** Shots of held-out batches that lack samples, in the order of drawing. */
export function neededForValidation(
  settings: SweepSettings,
  count: number,
  tp: number,
  times: SweepTimes,
  iterations: number,
  absent: ReadonlySet<string>,
): NeededShot[] {
  const layers = layersOf(settings, tp).filter((layer) => !absent.has(layer));
  const seen = new Set<string>();
  return heldOutBatches(settings.limits, settings.density, count).flatMap(({ shot }) => {
    const k = shotKey(shot);
    const lacks = layers.some((layer) =>
      (times.of(CATEGORY, tp, layer, k)?.length ?? 0) < iterations
    );
    if (!lacks || seen.has(k)) return [];
    seen.add(k);
    return [{
      k,
      r: shot.requests,
      ...(shot.experts === undefined ? {} : { e: shot.experts }),
      l: layers,
      category: CATEGORY,
    }];
  });
}

/** Compares what was fired with the tables of a folder. Needs read permission. */
export async function validateDegree(
  files: Reading,
  dir: string,
  settings: SweepSettings,
  count: number,
  tp: number,
  times: SweepTimes,
): Promise<Validation | undefined> {
  const operators = await operatorsOf(files, dir, tp);
  if (!operators) return undefined;
  const layers = new Set(layersOf(settings, tp));
  return validateBatches({
    operators,
    architecture: settings.architecture,
    experts: settings.limits.experts,
    time(layer, shot) {
      const us = layers.has(layer) ? times.of(CATEGORY, tp, layer, shot) : undefined;
      return us && sampled(us).time;
    },
  }, heldOutBatches(settings.limits, settings.density, count));
}

/** Predictions from the tables of a TP degree; undefined where they are not there. Needs read permission. */
export async function operatorsOf(
  files: Reading,
  dir: string,
  tp: number,
): Promise<Operators | undefined> {
  const degrees = await tpFolders(files, dir);
  if (!degrees.includes(tp)) return undefined;
  const firstTp = degrees[0]!;
  const own = await readPerfTables(files, `${dir}/tp${tp}`, nanoseconds);
  const first = await readPerfTables(files, `${dir}/tp${firstTp}`, nanoseconds);
  if (!own.attention) return undefined;
  const alpha = await measuredAlpha(files, `${dir}/tp${tp}`) ?? NO_SKEW;
  return interpolatedOperators({ tp, own, first, firstTp, alpha });
}
