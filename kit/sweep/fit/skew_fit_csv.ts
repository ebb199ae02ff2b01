/**
 * `skew_fit.csv`: a fit as LLMServingSim writes it.
 *
 * @module
 */

import { pythonFloat } from "../rounding.ts";
import type { Table } from "../table.ts";
import type { SkewFit } from "./fit.ts";

/** Its columns. */
export const SKEW_FIT_COLUMNS = [
  "pc",
  "n_label",
  "skew_rate_label",
  "kv_big_label",
  "kp_label",
  "alpha",
  "n_samples",
] as const;
const KEY_COLUMNS = SKEW_FIT_COLUMNS.slice(0, 5);

/** The rows of a fit, in their order. */
function fitRows(fit: SkewFit): string[][] {
  return fit.buckets.map(({ bucket, alpha, samples }) => [
    ...bucket.map(String),
    pythonFloat(alpha),
    String(samples),
  ]);
}

/** The file. */
export function skewFitCsv(fit: SkewFit, newline: "\n" | "\r\n" = "\n"): string {
  return [SKEW_FIT_COLUMNS, ...fitRows(fit)].map((row) => row.join(",") + newline).join("");
}

/** Buckets whose alpha or number of samples is not that of the fit, or which one side lacks. */
export function differingBuckets(fit: SkewFit, table: Table | undefined): number {
  const places = SKEW_FIT_COLUMNS.map((column) => table?.header.indexOf(column) ?? -1);
  const there = new Map<string, string>();
  let differing = 0;
  for (const { cells } of table?.rows ?? []) {
    const row = places.map((place) => cells[place] ?? "");
    const key = row.slice(0, KEY_COLUMNS.length).join("|");
    if (there.has(key)) differing++;
    there.set(key, row.slice(KEY_COLUMNS.length).join("|"));
  }
  for (const row of fitRows(fit)) {
    const key = row.slice(0, KEY_COLUMNS.length).join("|");
    if (there.get(key) !== row.slice(KEY_COLUMNS.length).join("|")) differing++;
    there.delete(key);
  }
  return differing + there.size;
}
