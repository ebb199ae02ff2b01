/**
 * Figures of a Metal System Trace: how busy GPU and CPU were, and how warm the machine.
 *
 * @module
 */

import { type Cell, numberIn, processIn, type Row } from "./export_table.ts";
import { Intervals, lengthOf, sharesOf } from "./intervals.ts";
import type { TraceContents } from "./toc.ts";

/** Name of the file within the bundle. */
export const XCTRACE_NAME = "xctrace_summary.json";

/** The tables that figures are made from, in the order in which they are exported. */
export const TABLES = [
  "device-thermal-state-intervals",
  "gpu-performance-state-intervals",
  "time-profile",
  "metal-gpu-intervals",
  "metal-gpu-state-intervals",
] as const;

/** A table of those. */
export type TableName = typeof TABLES[number];

/** Time in a state. */
export interface StateTime {
  state: string;
  seconds: number;
}

/** What `xctrace_summary.json` holds. What the trace does not tell is absent. */
export interface XctraceSummary {
  schema_version: 1;
  contents: TraceContents;
  /** Length of the recording that shares are of. */
  seconds: number;
  gpu?: {
    /** Whole machine, by the GPU's own record of being on. */
    states?: StateTime[];
    active_pct?: number;
    /** By process; overlaps within one count once. */
    processes: {
      process: string;
      busy_seconds: number;
      busy_pct: number;
      intervals: number;
      channels: { channel: string; intervals: number; seconds: number }[];
    }[];
    /** Time with work of any process. */
    busy_pct?: number;
    performance_states?: StateTime[];
  };
  cpu?: {
    /** Seconds on a core, by sampling. */
    processes: { process: string; seconds: number; cores: number }[];
    threads: { thread: string; seconds: number }[];
  };
  thermal?: { states: StateTime[]; worst: string };
  /** Percent of each slice, for the chart. */
  timeline?: { slice_seconds: number; gpu_pct?: number[]; cpu_cores?: number[] };
  tables: { table: string; rows: number; note?: string }[];
}

const THERMAL_ORDER = ["Nominal", "Fair", "Serious", "Critical"];
const THREADS_SHOWN = 12;
const SLICES = 240;
const NS = 1e9;

/** Makes the figures from rows as they come. */
export class XctraceSummarizer {
  readonly #gpu = new Map<string, { busy: Intervals; channels: Map<string, Intervals> }>();
  readonly #anyGpu = new Intervals();
  readonly #states = new Map<string, number>();
  readonly #performance = new Map<string, number>();
  readonly #thermal = new Map<string, number>();
  readonly #cpu = new Map<string, number>();
  readonly #threads = new Map<string, number>();
  readonly #samples: [at: number, weight: number][] = [];
  readonly #tables: XctraceSummary["tables"] = [];
  #last = 0;

  /** Takes a row of a table. */
  take(table: TableName, row: Row): void {
    const start = numberIn(row.get("start") ?? row.get("time") ?? row.get("start-time"));
    const duration = numberIn(row.get("duration")) ?? 0;
    if (start !== undefined) this.#last = Math.max(this.#last, start + duration);
    if (table === "device-thermal-state-intervals") {
      addTo(this.#thermal, wordIn(row.get("thermal-state")), duration);
    } else if (table === "gpu-performance-state-intervals") {
      addTo(this.#performance, wordIn(row.get("gpu-performance-state")), duration);
    } else if (table === "metal-gpu-state-intervals") {
      addTo(this.#states, wordIn(row.get("state") ?? row.get("gpu-state")), duration);
    } else if (table === "time-profile") {
      this.#sample(row, start);
    } else if (start !== undefined) {
      this.#interval(row, start, duration);
    }
  }

  /** Says how a table was read, or why it was not. */
  read(table: string, rows: number, note?: string): void {
    this.#tables.push({ table, rows, ...(note === undefined ? {} : { note }) });
  }

  #interval(row: Row, start: number, duration: number): void {
    const process = processIn(row.get("process")) ?? "(no process)";
    const channel = wordIn(row.get("channel-name") ?? row.get("gpu-channel-name")) ??
      "(no channel)";
    const of = this.#gpu.get(process) ?? { busy: new Intervals(), channels: new Map() };
    this.#gpu.set(process, of);
    const at = of.channels.get(channel) ?? new Intervals();
    of.channels.set(channel, at);
    for (const intervals of [of.busy, at, this.#anyGpu]) intervals.add(start, duration);
  }

  #sample(row: Row, at: number | undefined): void {
    const weight = numberIn(row.get("weight"));
    if (weight === undefined) return;
    const thread = row.get("thread");
    const process = processIn(row.get("process")) ?? processIn(thread?.parts?.get("process"));
    addTo(this.#cpu, process ?? "(no process)", weight);
    addTo(this.#threads, thread?.shown || "(no thread)", weight);
    if (at !== undefined) this.#samples.push([at, weight]);
  }

  /** The figures. */
  summary(contents: TraceContents): XctraceSummary {
    const total = contents.seconds === undefined ? this.#last : contents.seconds * NS;
    const summary: XctraceSummary = {
      schema_version: 1,
      contents,
      seconds: total / NS,
      tables: this.#tables,
    };
    if (!(total > 0)) return summary;
    const merged = this.#anyGpu.merged();
    const gpu = this.#gpuPart(total, merged);
    if (gpu) summary.gpu = gpu;
    if (this.#cpu.size > 0) {
      summary.cpu = {
        processes: sorted(this.#cpu).map(([process, ns]) => ({
          process,
          seconds: ns / NS,
          cores: ns / total,
        })),
        threads: sorted(this.#threads).slice(0, THREADS_SHOWN)
          .map(([thread, ns]) => ({ thread, seconds: ns / NS })),
      };
    }
    if (this.#thermal.size > 0) {
      const worst = [...this.#thermal.keys()]
        .sort((a, b) => THERMAL_ORDER.indexOf(b) - THERMAL_ORDER.indexOf(a))[0]!;
      summary.thermal = { states: statesOf(this.#thermal), worst };
    }
    const slices = Math.max(1, Math.min(SLICES, Math.floor(total / (NS / 10))));
    if (merged.length > 0 || this.#samples.length > 0) {
      summary.timeline = {
        slice_seconds: total / NS / slices,
        ...(merged.length === 0 ? {} : {
          gpu_pct: sharesOf(merged, total, slices).map((share) => rounded(100 * share)),
        }),
        ...(this.#samples.length === 0 ? {} : { cpu_cores: this.#coresOver(total, slices) }),
      };
    }
    return summary;
  }

  #gpuPart(
    total: number,
    merged: readonly [number, number][],
  ): XctraceSummary["gpu"] | undefined {
    if (this.#gpu.size + this.#states.size + this.#performance.size === 0) return undefined;
    const active = this.#states.get("Active");
    return {
      ...(this.#states.size === 0 ? {} : { states: statesOf(this.#states) }),
      ...(this.#states.size === 0 ? {} : { active_pct: 100 * (active ?? 0) / total }),
      processes: [...this.#gpu].map(([process, { busy, channels }]) => {
        const ns = lengthOf(busy.merged());
        return {
          process,
          busy_seconds: ns / NS,
          busy_pct: 100 * ns / total,
          intervals: busy.count,
          channels: [...channels].map(([channel, intervals]) => ({
            channel,
            intervals: intervals.count,
            seconds: lengthOf(intervals.merged()) / NS,
          })),
        };
      }).sort((a, b) => b.busy_seconds - a.busy_seconds),
      ...(merged.length === 0 ? {} : { busy_pct: 100 * lengthOf(merged) / total }),
      ...(this.#performance.size === 0 ? {} : { performance_states: statesOf(this.#performance) }),
    };
  }

  #coresOver(total: number, slices: number): number[] {
    const width = total / slices;
    const found = new Array<number>(slices).fill(0);
    for (const [at, weight] of this.#samples) {
      const slice = Math.min(slices - 1, Math.max(0, Math.floor(at / width)));
      found[slice]! += weight / width;
    }
    return found.map(rounded);
  }
}

function wordIn(cell: Cell | undefined): string | undefined {
  return cell ? cell.shown || cell.text || undefined : undefined;
}

function addTo(sums: Map<string, number>, key: string | undefined, value: number): void {
  if (key !== undefined) sums.set(key, (sums.get(key) ?? 0) + value);
}

function sorted(sums: ReadonlyMap<string, number>): [string, number][] {
  return [...sums].sort(([, a], [, b]) => b - a);
}

function statesOf(sums: ReadonlyMap<string, number>): StateTime[] {
  return sorted(sums).map(([state, ns]) => ({ state, seconds: ns / NS }));
}

const rounded = (value: number) => Math.round(value * 1000) / 1000;
