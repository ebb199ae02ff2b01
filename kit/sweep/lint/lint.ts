/**
 * Lints a sweep: everything that can be told wrong without measuring again.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";
import { fitBundle } from "../fit/fit_bundle.ts";
import { alphaNoise } from "./alpha_noise.ts";
import { badTime } from "./bad_time.ts";
import { duplicateKey } from "./duplicate_key.ts";
import type { LintFinding } from "./finding.ts";
import { gridGaps } from "./grid_gaps.ts";
import { metaMismatch } from "./meta_mismatch.ts";
import { missingLayers } from "./missing_layers.ts";
import { mixedSweeps } from "./mixed_sweeps.ts";
import { nonMonotone } from "./non_monotone.ts";
import { skewScale } from "./skew_scale.ts";
import { staleFit } from "./stale_fit.ts";
import { type LintRule, readSubject } from "./subject.ts";

/** The rules. One more is a file like its siblings and a line here. */
const RULES: readonly LintRule[] = [
  badTime,
  duplicateKey,
  missingLayers,
  gridGaps,
  metaMismatch,
  skewScale,
  mixedSweeps,
  nonMonotone,
  alphaNoise,
];

/**
 * What is wrong with a sweep, errors first. Needs read permission.
 *
 * @param cwd Where `configs/architecture` is looked for.
 * @throws {UsageError} where the folder is no sweep.
 *
 * @example A sweep that a simulator may load
 * ```ts
 * import assert from "node:assert/strict";
 * import { lintBundle, type LintFinding } from "@vscope/vscope";
 *
 * const dir = "perf/H200/Qwen/Qwen3-0.6B/bf16";
 * const found: LintFinding[] = await lintBundle(Deno, dir, Deno.cwd());
 * assert.ok(!found.some(({ severity }) => severity === "error"));
 * ```
 */
export async function lintBundle(
  files: FileSystem,
  dir: string,
  cwd: string,
): Promise<LintFinding[]> {
  const subject = await readSubject(files, dir, cwd);
  const found = RULES.flatMap((rule) => rule(subject));
  if (subject.tables.some(({ name }) => name === "skew")) {
    try {
      found.push(...staleFit(await fitBundle(files, dir, { write: false })));
    } catch (error) {
      // A table that cannot be fitted is told by the other rules and by bundle validate.
      if (!(error instanceof UsageError)) throw error;
    }
  }
  return found.sort((one, other) =>
    Number(one.severity === "warning") - Number(other.severity === "warning")
  );
}
