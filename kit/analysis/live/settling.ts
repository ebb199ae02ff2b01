/**
 * Tokens of steps, counted once it is known which of them were for nothing.
 *
 * The scheduler tells after a step that some of its tokens were recomputed or overscheduled. A counter
 * must not fall, so a step's tokens wait for {@linkcode HOLD_SEC} before they count. What is told later
 * still is made up for.
 *
 * @module
 */

import type { AdjustmentKind } from "../../bundle/merge/step_adjustments.ts";

/** How long the tokens of a step wait, in seconds. */
export const HOLD_SEC = 5;

/** Most adjustments that are remembered, and steps that have been counted. */
const MOST = 50_000;
const MOST_SETTLED = 2_000;

/** Tokens of a step that brought nothing new. */
export type Wasted = Readonly<Record<AdjustmentKind, number>>;

/** A row of a step that waits. */
export interface HeldRow {
  /** Seconds since the session began. */
  readonly at: number;
  readonly pid: number | undefined;
  readonly step: number | undefined;
  /** Called once with the tokens of the step, and again with what is told later (tokens 0). */
  take(scheduled: number, wasted: Wasted): void;
  readonly scheduled: number;
}

const NOTHING: Wasted = { recomputed: 0, overscheduled: 0 };

/** Rows that wait, and what schedulers told of their steps. */
export class Settling {
  #rows: HeldRow[] = [];
  #wasted = new Map<string, Wasted>();
  #requests = new Set<string>();
  #settled = new Map<string, HeldRow[]>();

  /** Takes a row. */
  hold(row: HeldRow): void {
    this.#rows.push(row);
  }

  /** Takes tokens off a step, as `StepAdjustments` does. */
  add(pid: number, step: number, kind: AdjustmentKind, tokens: number, request: string): void {
    const key = keyOf(pid, step);
    const known = this.#wasted.get(key) ?? NOTHING;
    this.#wasted.set(key, { ...known, [kind]: known[kind] + tokens });
    this.#requests.add(`${key}/${request}`);
    forget(this.#wasted);
    forget(this.#requests);
    for (const row of this.#settled.get(key) ?? []) row.take(0, { ...NOTHING, [kind]: tokens });
  }

  /** Whether the step is already adjusted for that request. */
  has(pid: number, step: number, request: string): boolean {
    return this.#requests.has(`${keyOf(pid, step)}/${request}`);
  }

  /** Counts the rows that have waited long enough by the time `now`; all of them with Infinity. */
  settle(now: number): void {
    // Rows come by time, or nearly so: one that stands behind a later one waits with it.
    let due = 0;
    while (due < this.#rows.length && !(this.#rows[due]!.at > now - HOLD_SEC)) due++;
    if (due === 0) return;
    const settled = this.#rows;
    this.#rows = settled.slice(due);
    settled.length = due;
    for (const row of settled) {
      const key = keyOf(row.pid, row.step);
      row.take(row.scheduled, this.#wasted.get(key) ?? NOTHING);
      if (row.step === undefined) continue;
      const others = this.#settled.get(key);
      if (others) others.push(row);
      else this.#settled.set(key, [row]);
    }
    forget(this.#settled, MOST_SETTLED);
  }
}

/** A counter that waits, instead of falling, until it has grown by what was taken off it. */
export class NeverFalling {
  #owed = new Map<string, number>();

  /** What to add now. */
  step(key: string, change: number): number {
    const sum = change - (this.#owed.get(key) ?? 0);
    if (sum >= 0) this.#owed.delete(key);
    else this.#owed.set(key, -sum);
    return Math.max(0, sum);
  }
}

function keyOf(pid: number | undefined, step: number | undefined): string {
  return `${pid}/${step}`;
}

/** The oldest entries go. */
function forget(entries: Map<string, unknown> | Set<string>, most = MOST): void {
  for (const key of entries.keys()) {
    if (entries.size <= most) return;
    entries.delete(key);
  }
}
