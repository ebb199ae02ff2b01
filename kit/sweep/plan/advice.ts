/**
 * What a person should know before a sweep of hours.
 *
 * @module
 */

import type { CategoryGrid } from "../grids/categories.ts";
import type { SweepValues } from "../options.ts";
import type { Estimate } from "./estimate.ts";
import type { SweepSettings } from "./settings.ts";

/** A span of time as people say it: `about 12 min`. */
export function aboutTime(seconds: number): string {
  if (seconds < 1) return "less than a second";
  if (seconds < 90) return `about ${Math.round(seconds)} s`;
  const minutes = seconds / 60;
  return minutes < 90 ? `about ${Math.round(minutes)} min` : `about ${(minutes / 60).toFixed(1)} h`;
}

/** The advice. */
export function advice(
  settings: SweepSettings,
  grids: readonly CategoryGrid[],
  guess: Estimate,
  values: SweepValues,
): string[] {
  const found: string[] = [];
  const { secondsByCategory, savedByCoarse, coarseFactor } = guess;
  const skew = secondsByCategory["skew"];
  if (skew !== undefined && grids.length > 1) {
    found.push(
      "The first sweep of a model on a new hardware is best made with SKIP_SKEW=1: it takes " +
        `${aboutTime(skew)} less, and ONLY_SKEW=1 adds the skew once the rest is known to work`,
    );
  }
  found.push(
    `MAX_NUM_SEQS is ${values.maxNumSeqs}: give more than the max_num_seqs that you will run with, ` +
      "because a batch with a prefill beside as many decodes has one request more",
  );
  const savings = Object.entries(savedByCoarse);
  if (savings.length > 0) {
    found.push(
      `Factors of ${coarseFactor.toFixed(1)} would save ` +
        savings.map(([name, seconds]) => `${aboutTime(seconds)} of ${name}`).join(" and "),
    );
  }
  const experts = grids.find(({ category }) => category.name === "moe");
  if (experts && experts.keys.length > 0 && settings.density.moeFactor >= 2) {
    found.push(
      "The moe grid has powers of two alone: MOE_FACTOR=1.25 measures between them, which on an H200 took half a " +
        "minute and halved the error of held-out batches",
    );
  }
  if (settings.types.quantization) {
    found.push("DTYPE=fp8 means weights in fp8 (quantization=fp8) and activations in bfloat16");
  }
  if (values.force) found.push("FORCE is set: rows that the bundle has are measured again");
  found.push(
    "Times are a guess from hosts of an H200 (3.6 ms a forward pass, a minute a start); nothing was measured for " +
      "them, and a CPU takes far longer",
  );
  return found;
}
