/**
 * `alpha-noise`: an alpha where the times of the mean and of the longest history hardly differ, so
 * that it says how noisy they were and nothing else.
 *
 * @module
 */

import { linesText } from "./finding.ts";
import type { LintRule } from "./subject.ts";

/** Share of the mean's time by which the longest must be above it. */
const NOISE_SHARE = 0.02;

/** The rule. */
export const alphaNoise: LintRule = ({ tables }) =>
  tables.filter(({ name }) => name === "skew").flatMap(({ file, rows }) => {
    const noise = rows.filter((row) => {
      const mean = row.value("t_mean_us");
      return !Number.isNaN(row.value("alpha")) &&
        row.value("t_max_us") - mean <= mean * NOISE_SHARE;
    });
    if (noise.length === 0) return [];
    const alphas = noise.map((row) => Math.abs(row.value("alpha")));
    const largest = alphas.reduce((most, value) => Math.max(most, value), 0);
    return [{
      rule: "alpha-noise",
      severity: "warning",
      file,
      rows: noise.length,
      message: `${linesText(noise.map(({ line }) => line))}: t_max_us is less than ` +
        `${NOISE_SHARE * 100} % above t_mean_us, so that alpha (here up to ±${largest}) is noise ` +
        "and should be blank",
    }];
  });
