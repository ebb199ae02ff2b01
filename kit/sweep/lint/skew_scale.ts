/**
 * `skew-scale`: times of skew.csv that are a multiple of those of attention.csv for the same batch, as
 * where the passes of a shot were added and not averaged.
 *
 * @module
 */

import type { LintRule, LintTable } from "./subject.ts";
import { tableOf } from "./subject.ts";

/** Ratios of the median batch that are told. */
const LOWEST = 0.8;
const HIGHEST = 1.25;

/** Times in skew.csv over those of the same batch in attention.csv. */
function ratios(skew: LintTable, attention: LintTable): number[] {
  const times = new Map(attention.rows.map((row) => [row.key, row.value("time_us")]));
  return skew.rows.flatMap((row) => {
    const base = [row.value("pc"), row.value("kp"), row.value("n")].join(",");
    return ([["kv_mean", "t_mean_us"], ["kv_big", "t_max_us"]] as const).map(([history, time]) =>
      row.value(time) / times.get(`${base},${row.value(history)}`)!
    );
  }).filter(Number.isFinite);
}

/** The rule. */
export const skewScale: LintRule = (subject) =>
  subject.degrees.flatMap((tp) => {
    const skew = tableOf(subject, "skew", tp);
    const attention = tableOf(subject, "attention", tp);
    if (!skew || !attention) return [];
    const found = ratios(skew, attention).sort((one, other) => one - other);
    const median = found[found.length >> 1];
    if (median === undefined || (median >= LOWEST && median <= HIGHEST)) return [];
    return [{
      rule: "skew-scale",
      severity: "error",
      file: skew.file,
      rows: skew.rows.length,
      message:
        `times are ${median.toPrecision(3)} times those of attention.csv at ${found.length} ` +
        "batches that both have; alphas are not concerned",
    }];
  });
