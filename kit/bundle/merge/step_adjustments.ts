/**
 * Tokens of a step that brought nothing new: recomputed after a preemption, or computed past a
 * request's end. They are taken off the step's `num_tokens` and listed beside it.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { mergedRows, type RawProcess } from "./raw_session.ts";

/** Why tokens were computed for nothing. */
export type AdjustmentKind = "recomputed" | "overscheduled";

/** The adjustments of a session, by engine process and step. */
export class StepAdjustments {
  #steps = new Map<string, { recomputed: number; overscheduled: number }>();
  #requests = new Set<string>();
  readonly totals = { recomputed: 0, overscheduled: 0 };

  /** Takes `tokens` off a step; `request` is remembered for {@linkcode has}. */
  add(pid: number, step: number, kind: AdjustmentKind, tokens: number, request: string): void {
    const key = `${pid}/${step}`;
    const entry = this.#steps.get(key) ?? { recomputed: 0, overscheduled: 0 };
    entry[kind] += tokens;
    this.#steps.set(key, entry);
    this.totals[kind] += tokens;
    this.#requests.add(`${key}/${request}`);
  }

  /** Whether the step is already adjusted for that request. */
  has(pid: number, step: number, request: string): boolean {
    return this.#requests.has(`${pid}/${step}/${request}`);
  }

  /** The tokens to take off a step. */
  of(pid: number | undefined, step: number | undefined): {
    recomputed: number;
    overscheduled: number;
  } {
    return this.#steps.get(`${pid}/${step}`) ?? { recomputed: 0, overscheduled: 0 };
  }
}

/** Reads what the schedulers of a session noted. Rejected draft tokens count as overscheduled. */
export async function readStepAdjustments(
  files: FileSystem,
  processes: readonly RawProcess[],
  cut: { lines: number },
): Promise<StepAdjustments> {
  const adjustments = new StepAdjustments();
  for await (const row of mergedRows(files, processes, "step_adjustments", cut)) {
    const step = row.number("step");
    const tokens = row.number("tokens");
    if (step === undefined || tokens === undefined) continue;
    const kind = row.get("kind") === "recomputed" ? "recomputed" : "overscheduled";
    adjustments.add(row.process.pid, step, kind, tokens, row.get("request_id"));
  }
  return adjustments;
}
