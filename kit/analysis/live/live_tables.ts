/**
 * What each row that a process writes adds to the metrics and figures of its running session: the same
 * as the row that merging makes of it.
 *
 * @module
 */

import type { OwnTable } from "../../bundle/session/own_tables.ts";
import type { RawRow } from "../../bundle/merge/raw_session.ts";
import type { RequestLife } from "../../bundle/merge/requests.ts";
import type { SessionTableName } from "../../bundle/session/session_tables.ts";
import type { AdjustmentKind } from "../../bundle/merge/step_adjustments.ts";
import { sessionFamilies } from "../metrics/session_families.ts";
import { takeOwnRow, TAKES, ZEROS } from "../metrics/session_metrics.ts";
import { LiveFigures } from "./live_figures.ts";
import { LiveRequests } from "./live_requests.ts";
import { NeverFalling, Settling } from "./settling.ts";

/** Cells of a merged row that are not those of the raw one; undefined is empty. */
type Cells = Readonly<Record<string, string | number | undefined>>;

/** Rows without a step that wait until it is known whether steps are numbered. */
const MOST_UNNUMBERED = 65_536;

/** Fills the metrics and figures. */
export class LiveTables {
  readonly families = sessionFamilies();
  readonly figures = new LiveFigures();
  readonly settling = new Settling();
  readonly requests = new LiveRequests(this.settling, (life) => this.#ended(life));
  #tokens = new NeverFalling();
  #numbered: boolean | undefined;
  #unnumbered: (() => void)[] = [];
  /** Replays of each descriptor of each process, as last told. */
  #replays = new Map<string, { replays: number; captured: boolean }>();

  /** The tables that processes write, in the words of the hooks. */
  readonly takes: Readonly<Record<string, (row: RawRow) => void>> = {
    step_adjustments: (row) => this.#adjustment(row),
    request_events: (row) => this.#event(row),
    request_results: (row) => this.requests.result(row),
    batch_utilization: (row) => this.#batch(row),
    forward_pass_timing: (row) => this.#numberedOnly(row.get("step"), () => this.#pass(row)),
    cpu_operations_timing: (row) => {
      const operation = row.get("operation");
      const ofWorker = operation !== "output_processing" && operation !== "detokenization";
      this.#numberedOnly(
        ofWorker ? row.get("context") : operation,
        () => this.#take("cpu_operations_timing", row),
      );
    },
    encoder_decoder_timing: (row) => this.#take("encoder_decoder_timing", row),
    kv_cache_usage: (row) => {
      this.#take("kv_cache_usage", row, { pid: row.process.pid });
      this.figures.kv(row, at(row));
    },
    kv_cache_evictions: (row) => {
      this.#take("kv_cache_evictions", row);
      this.figures.series.evictions.add(at(row), 1);
    },
    cuda_graphs: (row) => this.#graphs(row),
    moe_load_imbalance: (row) => this.figures.imbalance(row, at(row)),
  };

  /** A row of a table of the user's own profiler. */
  own(table: OwnTable, row: RawRow): void {
    const cell = (column: string) => column === "pid" ? String(row.process.pid) : row.get(column);
    takeOwnRow(this.families, table, cell, numberIn(cell));
    this.figures.ownRow(table, row, at(row));
  }

  /** The counter of such a table is 0 before a row comes, and not absent. */
  beginOwn(table: OwnTable): void {
    this.families.ownRows.add(0, { table: table.name });
    this.figures.ownTable(table);
  }

  /**
   * Says whether a scheduler numbers its steps. Where one does, what has no number is vLLM's warming
   * up, and does not count.
   */
  decide(numbered: boolean): void {
    this.#numbered = numbered;
    const waiting = this.#unnumbered;
    this.#unnumbered = [];
    if (!numbered) { for (const take of waiting) take(); }
  }

  /** Whether {@linkcode decide} was called. */
  get decided(): boolean {
    return this.#numbered !== undefined;
  }

  /** Counters of a profiler that is at work are 0 before anything happens, and not absent. */
  begin(table: SessionTableName): void {
    for (const family of ZEROS[table] ?? []) this.families[family].add(0);
  }

  /** Counts what is certain by the time `now`, in seconds since the session began. */
  settle(now: number): void {
    this.requests.settle(now);
    this.settling.settle(now);
  }

  #take(table: SessionTableName, row: RawRow, cells: Cells = {}): void {
    const cell = (column: string) =>
      column in cells ? String(cells[column] ?? "") : row.get(column);
    TAKES[table]!(this.families, cell, numberIn(cell));
  }

  #numberedOnly(number: string, take: () => void): void {
    if (number !== "" || this.#numbered === false) take();
    else if (this.#numbered === undefined && this.#unnumbered.length < MOST_UNNUMBERED) {
      this.#unnumbered.push(take);
    }
  }

  #adjustment(row: RawRow): void {
    const [step, tokens] = [row.number("step"), row.number("tokens")];
    if (step === undefined || tokens === undefined) return;
    const kind: AdjustmentKind = row.get("kind") === "recomputed" ? "recomputed" : "overscheduled";
    this.settling.add(row.process.pid, step, kind, tokens, row.get("request_id"));
  }

  #event(row: RawRow): void {
    this.requests.event(row);
    const event = row.get("event");
    if (event !== "preempted" && event !== "resumed") return;
    this.#take("preemption_events", row);
    if (event === "preempted") this.figures.series.preemptions.add(at(row), 1);
  }

  #batch(row: RawRow): void {
    const share = (part: string, whole: string) => {
      const limit = row.number(whole) ?? 0;
      return limit ? 100 * (row.number(part) ?? 0) / limit : undefined;
    };
    const seqPct = share("num_seqs", "max_num_seqs");
    const tokenPct = share("scheduled_tokens", "max_tokens");
    this.#take("batch_utilization", row, {
      pid: row.process.pid,
      token_utilization_pct: tokenPct?.toFixed(2),
      recomputed_tokens: undefined,
      overscheduled_tokens: undefined,
    });
    this.figures.batch(row, at(row), seqPct ?? NaN, tokenPct ?? NaN);
    this.settling.hold({
      at: at(row),
      pid: row.process.pid,
      step: row.number("step"),
      scheduled: 0,
      take: (_scheduled, { recomputed, overscheduled }) => {
        this.families.recomputed.add(recomputed);
        this.families.overscheduled.add(overscheduled);
        this.figures.wasted.recomputed += recomputed;
        this.figures.wasted.overscheduled += overscheduled;
      },
    });
  }

  #pass(row: RawRow): void {
    this.#take("forward_pass_timing", row, { num_tokens: undefined });
    this.figures.pass(row, at(row));
    const worker = { phase: row.get("phase"), rank: row.get("rank") || undefined };
    const key = `${worker.phase}/${worker.rank}`;
    this.settling.hold({
      at: at(row),
      pid: row.number("engine_pid"),
      step: row.number("step"),
      scheduled: row.number("scheduled_tokens") ?? 0,
      take: (scheduled, { recomputed, overscheduled }) => {
        const change = this.#tokens.step(key, scheduled - recomputed - overscheduled);
        this.families.passTokens.add(change, worker);
      },
    });
  }

  /** A row holds the totals of its descriptor. */
  #graphs(row: RawRow): void {
    const { process } = row;
    const shape = ["runtime_mode", "num_tokens", "num_reqs", "uniform", "has_lora"]
      .map((name) => row.get(name));
    const key = [process.pid, ...shape, row.get("num_active_loras")].join();
    const known = this.#replays.get(key);
    const replays = row.number("replay_count") ?? 0;
    const captured = row.get("graphs") !== "";
    this.#replays.set(key, { replays, captured: captured || (known?.captured ?? false) });
    // The merged tables say None where there is no number.
    const cells = { num_tokens: row.get("num_tokens") || "None", rank: process.rank };
    this.#take("cuda_graph_usage", row, {
      ...cells,
      runtime_mode: row.get("runtime_mode") || "None",
      replay_count: Math.max(0, replays - (known?.replays ?? 0)),
    });
    if (captured && !known?.captured) {
      this.#take("cuda_graph_captures", row, {
        ...cells,
        runtime_mode: row.get("runtime_mode") || "None",
      });
    }
  }

  #ended(life: RequestLife): void {
    const cells: Cells = {
      request_id: life.clientId ?? life.engineId,
      status: life.status ?? "unfinished",
      prompt_tokens: life.prompt,
      cached_tokens: life.cached,
      generated_tokens: life.generated,
      queued_sec: life.queued,
      started_sec: life.started,
      first_token_sec: life.firstToken,
      finished_sec: life.finished,
    };
    const cell = (column: string) => String(cells[column] ?? "");
    TAKES.request_lifecycle!(this.families, cell, numberIn(cell));
    this.figures.request(life);
  }
}

const at = (row: RawRow) => row.number("timestamp_sec") ?? NaN;

function numberIn(cell: (column: string) => string): (column: string) => number {
  return (column) => {
    const text = cell(column);
    return text === "" ? NaN : Number(text);
  };
}
