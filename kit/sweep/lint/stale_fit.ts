/**
 * `stale-fit`: a skew_fit.csv that is not what its skew.csv gives. It is compared by `bundle fit`.
 *
 * @module
 */

import type { LintFinding } from "./finding.ts";
import type { BundleFit } from "../fit/fit_bundle.ts";

/** Findings of a comparison. */
export function staleFit({ degrees }: BundleFit): LintFinding[] {
  return degrees.filter(({ differing }) => differing > 0).map(({ tp, differing }) => ({
    rule: "stale-fit",
    severity: "error",
    file: `tp${tp}/skew_fit.csv`,
    rows: differing,
    message: `${differing} buckets are missing or not what skew.csv gives; bundle fit writes them`,
  }));
}
