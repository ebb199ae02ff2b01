/**
 * How much of a session is drawn: a window of it, and every how many steps and requests.
 *
 * @module
 */

import type { SessionTableName } from "../../../bundle/session/session_tables.ts";
import { declaredColumns, type OwnTable } from "../../../bundle/session/own_tables.ts";
import { eachRow, eachRowOf, type NumberCell } from "../../../analysis/table_rows.ts";
import type { Window } from "../../../analysis/capture/reader.ts";
import type { FileSystem } from "../../../contract/context.ts";
import { UsageError } from "../../../contract/errors.ts";

/** Events that a row becomes, at most. */
const EVENTS_PER_ROW: Partial<Record<SessionTableName, number>> = {
  forward_pass_timing: 2,
  cpu_operations_timing: 1,
  batch_utilization: 4,
  kv_cache_usage: 1,
  kv_cache_evictions: 1,
  cuda_graph_captures: 1,
  preemption_events: 3,
  moe_load_imbalance: 1,
  encoder_decoder_timing: 1,
  request_lifecycle: 8,
};

/** The share that is drawn. */
export interface Share {
  /** Steps, requests and moments: one of so many. Counters: the highest of so many. */
  readonly every: number;
  /** Seconds since the session began; without a window all of it. */
  readonly from: number;
  readonly to: number;
  /** The last moment that any table knows. */
  readonly end: number;
}

/** Columns of a table of the user's own profiler that are drawn as counters, by their tracks' names. */
export function ownCounters(table: OwnTable): { column: string; track: string }[] {
  return declaredColumns(table)
    .filter(({ type }) => type === "integer" || type === "number")
    .map(({ name, unit }) => ({
      column: name,
      track: `${table.name}: ${name}${unit === undefined ? "" : ` (${unit})`}`,
    }));
}

/** The moment of a row; of a request its arrival. */
function momentOf(name: SessionTableName, number: NumberCell): number {
  if (name === "cuda_graph_captures") return number("capture_time_sec");
  if (name !== "request_lifecycle") return number("timestamp_sec");
  const queued = number("queued_sec");
  return Number.isFinite(queued) ? queued : number("started_sec");
}

/** Decides, from the number of rows, what share stays below `limit` events. Needs read permission. */
export async function shareOf(
  files: FileSystem,
  dir: string,
  limit: number,
  own: readonly OwnTable[],
  window: Window | undefined,
): Promise<Share> {
  const { from, to } = await boundsOf(files, dir, window);
  let events = 0;
  let end = 0;
  for (const [name, weight] of Object.entries(EVENTS_PER_ROW) as [SessionTableName, number][]) {
    await eachRow(files, dir, name, (_cell, number) => {
      const at = momentOf(name, number);
      if (at >= from && at <= to) events += weight;
      const last = name === "request_lifecycle" ? number("finished_sec") : at;
      if (last > end) end = last;
    });
  }
  for (const table of own) {
    await eachRowOf(files, `${dir}/${table.path}`, (_cell, number) => {
      const at = number("timestamp_sec");
      if (at >= from && at <= to) events += ownCounters(table).length;
      if (at > end) end = at;
    });
  }
  if (events === 0) {
    throw new UsageError(
      window
        ? `Cannot draw ${window.unit} ${window.from} to ${window.to}: nothing was recorded there; ` +
          `the session's last moment is ${end} seconds after its beginning`
        : "Cannot draw the session: nothing was recorded",
    );
  }
  return { every: Math.max(1, Math.ceil(events / limit)), from, to, end };
}

/** A window in seconds; steps begin with their scheduling and end with their forward pass. */
async function boundsOf(
  files: FileSystem,
  dir: string,
  window: Window | undefined,
): Promise<{ from: number; to: number }> {
  if (!window) return { from: -Infinity, to: Infinity };
  if (window.unit === "seconds") return { from: window.from, to: window.to };
  let from = Infinity;
  let to = -Infinity;
  for (const name of ["batch_utilization", "forward_pass_timing"] as const) {
    await eachRow(files, dir, name, (_cell, number) => {
      const step = number("step");
      if (!(step >= window.from && step <= window.to)) return;
      const at = number("timestamp_sec");
      from = Math.min(from, at);
      to = Math.max(to, at + (number("forward_time_ms") || 0) / 1000);
    });
  }
  return { from, to };
}

/** Tells row by row whether it is drawn. */
export class Choice {
  #seen = 0;

  constructor(private readonly share: Share) {}

  /** `step` is the row's step, where it has one; `until` the end of what it draws. */
  takes(at: number, step = NaN, until = at): boolean {
    const { every, from, to } = this.share;
    if (!Number.isFinite(at) || at > to || !(until >= from)) return false;
    return (Number.isFinite(step) ? step : this.#seen++) % every === 0;
  }
}

/** The highest of every so many points of a counter, so that no peak is lost. */
export class Peaks {
  #seen = 0;
  #at = NaN;
  #highest = -Infinity;

  constructor(
    private readonly share: Share,
    private readonly put: (at: number, value: number) => void,
  ) {}

  add(at: number, value: number): void {
    const { every, from, to } = this.share;
    if (!(at >= from && at <= to) || !Number.isFinite(value)) return;
    if (value > this.#highest) [this.#at, this.#highest] = [at, value];
    if (++this.#seen % every === 0) this.flush();
  }

  /** Puts the peak of those that are left. */
  flush(): void {
    if (Number.isFinite(this.#highest)) this.put(this.#at, this.#highest);
    this.#highest = -Infinity;
  }
}

/** The step that an operation's context names, as `step=7`. */
export function stepIn(context: string): number {
  const [, step] = /(?:^|[;, ])step=(\d+)/.exec(context) ?? [];
  return step === undefined ? NaN : Number(step);
}
