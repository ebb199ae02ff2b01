/**
 * TP degrees that a run was not asked for, and whose tables go as far as another run's.
 *
 * @module
 */

import { part } from "../../sweep/sweep_folder.ts";
import { keptEngine, note, type SweepState } from "./sweep_state.ts";
import type { EngineFacts } from "./driver.ts";

/** What the engine is told of how far tables go. */
const LIMITS = ["max_num_batched_tokens", "max_num_seqs"];

/**
 * Tells of them, as long as they are so: meta.yaml has one set of limits, that of this run.
 *
 * @param before `meta.yaml` as it was.
 */
export function tellOtherLimits(
  run: SweepState,
  degrees: readonly number[],
  first: EngineFacts,
  before: Readonly<Record<string, unknown>> | undefined,
): void {
  const { tpDegrees: asked, density } = run.settings;
  const { max_kv, chunk_factor, kv_factor } = part(before, "attention_grid");
  const regridded = before !== undefined && (max_kv !== density.attentionMaxKv ||
    chunk_factor !== density.attentionChunkFactor || kv_factor !== density.attentionKvFactor);
  const others = degrees.filter((tp) => !asked.includes(tp)).filter((tp) => {
    const own = keptEngine(run.manifest, tp)?.arguments as Record<string, unknown> | undefined;
    const told = first.arguments as Record<string, unknown>;
    return regridded || LIMITS.some((key) => own !== undefined && own[key] !== told[key]);
  });
  if (others.length === 0) return;
  const all = [...new Set([...asked, ...others])].sort((one, other) => one - other);
  note(
    run,
    "warning",
    `TP degree ${
      others.join(" and ")
    }: tables of other limits or another grid than this run's, which meta.yaml ` +
      `tells of; the same command with --tp-degrees ${all.join(",")} completes them`,
  );
  run.unfinished = true;
}
