/**
 * What a person sees of a running session: series and the values that came last.
 *
 * @module
 */

import { declaredColumns, type OwnColumn, type OwnTable } from "../../bundle/session/own_tables.ts";
import type { RawRow } from "../../bundle/merge/raw_session.ts";
import type { RequestLife } from "../../bundle/merge/requests.ts";
import { Samples, type Statistics } from "../../bundle/merge/samples.ts";
import { TimeSeries } from "./time_series.ts";

/** Phases of a forward pass. */
export const PHASES = ["prefill", "decode", "mixed"] as const;

/** What an engine's last rows said. */
export interface EngineNow {
  running?: number;
  waiting?: number;
  maxSeqs?: number;
  usedBlocks?: number;
  totalBlocks?: number;
}

/** A table of the user's own profiler. */
export interface OwnFigures {
  readonly table: OwnTable;
  rows: number;
  readonly columns: readonly { column: OwnColumn; series: TimeSeries }[];
}

/** Requests whose times are kept for percentiles: the last ones. */
const LAST_REQUESTS = 512;

/** Series by what they are of; memory does not depend on the session's length. */
export class LiveFigures {
  readonly series = {
    promptTokens: new TimeSeries(),
    generatedTokens: new TimeSeries(),
    prefill: new TimeSeries(),
    decode: new TimeSeries(),
    mixed: new TimeSeries(),
    kvPct: new TimeSeries(),
    seqPct: new TimeSeries(),
    tokenPct: new TimeSeries(),
    running: new TimeSeries(),
    waiting: new TimeSeries(),
    preemptions: new TimeSeries(),
    evictions: new TimeSeries(),
    /** 100 for a pass that replayed a graph, 0 for one that could have. */
    graphPct: new TimeSeries(),
    /** Deviation of a layer's load over its mean, since the row before. */
    expertDeviation: new TimeSeries(),
    finished: new TimeSeries(),
  };
  /** Columns of numbers of the user's own profilers' tables, and their rows. */
  readonly own = new Map<string, OwnFigures>();
  readonly engines = new Map<number, EngineNow>();
  /** First and last second at which a batch was scheduled or a pass run. */
  firstSec = Infinity;
  lastSec = -Infinity;
  /** Kinds of the times of forward passes: `cuda_event`, `host`. */
  readonly timing = new Set<string>();
  readonly wasted = { recomputed: 0, overscheduled: 0 };
  #ttft: number[] = [];
  #tpot: number[] = [];

  /** A row of batch_utilization.csv. */
  batch(row: RawRow, at: number, seqPct: number, tokenPct: number): void {
    const { series } = this;
    const number = (column: string) => row.number(column) ?? NaN;
    this.#span(at);
    series.promptTokens.add(at, number("context_tokens"));
    series.generatedTokens.add(at, number("generation_tokens"));
    series.seqPct.add(at, seqPct);
    series.tokenPct.add(at, tokenPct);
    const engine = this.#engine(row);
    engine.running = number("running_queue_len");
    engine.waiting = number("waiting_queue_len");
    engine.maxSeqs = number("max_num_seqs");
    series.running.add(at, this.sum("running") ?? NaN);
    series.waiting.add(at, this.sum("waiting") ?? NaN);
  }

  /** A row of forward_pass_timing.csv; ranks but the first tell only what they alone know. */
  pass(row: RawRow, at: number): void {
    this.#span(at);
    if (row.get("timing")) this.timing.add(row.get("timing"));
    const rank = row.get("rank");
    if (rank !== "" && rank !== "0") return;
    const phase = PHASES.find((name) => name === row.get("phase"));
    if (phase) this.series[phase].add(at, row.number("forward_time_ms") ?? NaN);
    const mode = row.get("cudagraph_mode");
    if (mode !== "") this.series.graphPct.add(at, mode === "NONE" ? 0 : 100);
  }

  /** A row of kv_cache_usage.csv. */
  kv(row: RawRow, at: number): void {
    this.series.kvPct.add(at, row.number("usage_pct") ?? NaN);
    const engine = this.#engine(row);
    engine.usedBlocks = row.number("num_blocks") ?? NaN;
    engine.totalBlocks = row.number("total_blocks") ?? NaN;
  }

  /** A row of moe_load_imbalance.csv. */
  imbalance(row: RawRow, at: number): void {
    const mean = row.number("mean") ?? 0;
    if (mean > 0) this.series.expertDeviation.add(at, (row.number("std_dev") ?? NaN) / mean);
  }

  /** A table of the user's own profiler, which may have no row yet. */
  ownTable(table: OwnTable): OwnFigures {
    let found = this.own.get(table.name);
    if (!found) {
      const columns = declaredColumns(table)
        .filter(({ type }) => type === "integer" || type === "number")
        .map((column) => ({ column, series: new TimeSeries() }));
      this.own.set(table.name, found = { table, rows: 0, columns });
    }
    return found;
  }

  /** A row of such a table. */
  ownRow(table: OwnTable, row: RawRow, at: number): void {
    const figures = this.ownTable(table);
    figures.rows++;
    for (const { column, series } of figures.columns) {
      series.add(at, row.number(column.name) ?? NaN);
    }
  }

  /** A request that has ended, or was alive when the session ended. */
  request({ queued = NaN, firstToken = NaN, finished = NaN, generated = 0, status }: RequestLife) {
    if (status !== undefined) this.series.finished.add(finished, 1);
    keep(this.#ttft, 1000 * (firstToken - queued));
    if (generated > 1) keep(this.#tpot, 1000 * (finished - firstToken) / (generated - 1));
  }

  /** Milliseconds of the last requests: to the first token, and for each later one. */
  requestTimes(): { ttft: Statistics | undefined; tpot: Statistics | undefined } {
    return {
      ttft: Samples.of(this.#ttft).statistics(),
      tpot: Samples.of(this.#tpot).statistics(),
    };
  }

  /** Over all engines; undefined where none has told. */
  sum(name: keyof EngineNow): number | undefined {
    let total: number | undefined;
    for (const engine of this.engines.values()) {
      const value = engine[name];
      if (value !== undefined && Number.isFinite(value)) total = (total ?? 0) + value;
    }
    return total;
  }

  #engine(row: RawRow): EngineNow {
    let found = this.engines.get(row.process.pid);
    if (!found) this.engines.set(row.process.pid, found = {});
    return found;
  }

  #span(at: number): void {
    if (!Number.isFinite(at)) return;
    this.firstSec = Math.min(this.firstSec, at);
    this.lastSec = Math.max(this.lastSec, at);
  }
}

function keep(values: number[], value: number): void {
  if (!Number.isFinite(value)) return;
  values.push(value);
  if (values.length > 2 * LAST_REQUESTS) values.splice(0, LAST_REQUESTS);
}
