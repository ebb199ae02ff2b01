/**
 * The iterations of a log: figures of all, rows of the first hundred thousand.
 *
 * @module
 */

import type { LogEngineRow, LogIterationRow, LogParts } from "../capture/log_model.ts";
import type { Iterations, Milliseconds, Phase, PhaseRow } from "../capture/model.ts";
import { Durations } from "../activity/durations.ts";
import type { IterationMessage } from "./iteration_message.ts";
import { MOST_ROWS, type Place } from "./place.ts";

type LogPhase = LogIterationRow["phase"];

const PHASES: readonly LogPhase[] = ["prefill", "decode", "mixed", "idle"];

interface PhaseSum {
  tokens: number;
  readonly elapsed: Durations;
}

interface Engine extends Omit<LogEngineRow, "iterations_without_line"> {
  iterations: number;
  last_iteration: number;
  restarts: number;
  without: number;
  lastSeconds: number | undefined;
}

/** Takes iterations one by one. */
export class IterationTable {
  readonly rows: LogIterationRow[] = [];
  rowsLeftOut = 0;
  /** Lines that an engine cannot have written: their number and time lie before others of it. */
  repeated = 0;
  #contextTokens = 0;
  #generationTokens = 0;
  readonly #elapsed = new Durations();
  readonly #phases = new Map<LogPhase, PhaseSum>();
  readonly #engines = new Map<string, Engine>();

  get count(): number {
    return this.#elapsed.count;
  }

  /** Takes an iteration; one that stands in the log a second time is counted as that alone. */
  add(told: IterationMessage, engine: string, place: Place): void {
    if (!this.#takeNumber(told.iteration, engine, place)) {
      this.repeated++;
      return;
    }
    const phase = phaseOf(told);
    const elapsedNs = Math.round(told.elapsedMs * 1e6);
    const sum = this.#phases.get(phase) ?? { tokens: 0, elapsed: new Durations() };
    this.#phases.set(phase, sum);
    sum.tokens += told.contextTokens + told.generationTokens;
    sum.elapsed.add(elapsedNs);
    this.#elapsed.add(elapsedNs);
    this.#contextTokens += told.contextTokens;
    this.#generationTokens += told.generationTokens;
    if (this.rows.length === MOST_ROWS) {
      this.rowsLeftOut++;
      return;
    }
    this.rows.push({
      iteration: told.iteration,
      engine,
      ...(place.stamp ? { timestamp: place.stamp.text } : {}),
      phase,
      context_requests: told.contextRequests,
      context_tokens: told.contextTokens,
      generation_requests: told.generationRequests,
      generation_tokens: told.generationTokens,
      elapsed_ms: told.elapsedMs,
      ...(told.kvCachePct === undefined ? {} : { kv_cache_pct: told.kvCachePct }),
      ...(told.encoderInputs === undefined
        ? {}
        : { encoder_inputs: told.encoderInputs, encoder_embeddings: told.encoderEmbeddings! }),
      ...(told.dummy ? { dummy: true } : {}),
      source: place.source,
      line: place.line,
    });
  }

  /** Whether the number is a new one of its engine. */
  #takeNumber(iteration: number, engine: string, { source, pid, seconds }: Place): boolean {
    const key = `${source} ${engine} ${pid ?? ""}`;
    const known = this.#engines.get(key);
    if (!known) {
      this.#engines.set(key, {
        engine,
        source,
        ...(pid === undefined ? {} : { pid }),
        iterations: 1,
        first_iteration: iteration,
        last_iteration: iteration,
        restarts: 0,
        without: 0,
        lastSeconds: seconds,
      });
      return true;
    }
    const since = seconds === undefined || known.lastSeconds === undefined
      ? undefined
      : seconds - known.lastSeconds;
    if (iteration <= known.last_iteration) {
      if ((since ?? 0) < 0 || iteration === known.last_iteration && !since) return false;
      // Process numbers come again in containers: the server was started anew.
      known.restarts++;
      known.without += iteration;
    } else known.without += iteration - known.last_iteration - 1;
    known.iterations++;
    known.last_iteration = iteration;
    known.lastSeconds = seconds ?? known.lastSeconds;
    return true;
  }

  /** The engines that had iterations. */
  engines(): LogEngineRow[] {
    return [...this.#engines.values()].map(({ without, lastSeconds: _last, ...row }) => ({
      ...row,
      iterations_without_line: without,
    }));
  }

  /** The parts of the document; none where there was no iteration. */
  parts(): LogParts & { iterations?: Iterations; phases?: readonly PhaseRow[] } {
    if (this.count === 0) return {};
    const count = (phase: LogPhase) => this.#phases.get(phase)?.elapsed.count ?? 0;
    const found = PHASES.filter((phase) => count(phase) > 0);
    return {
      iterations: {
        count: this.count,
        prefill: count("prefill"),
        decode: count("decode"),
        mixed: count("mixed"),
        idle: count("idle"),
        context_tokens: this.#contextTokens,
        generation_tokens: this.#generationTokens,
        elapsed_ms: milliseconds(this.#elapsed),
        source: "vllm",
        phase_source: "annotated",
      },
      phases: found.filter((phase) => phase !== "idle").map((phase) => ({
        phase: phase as Phase,
        iterations: count(phase),
      })),
      elapsed_ms_by_phase: found.map((phase) => ({
        phase,
        iterations: count(phase),
        tokens: this.#phases.get(phase)!.tokens,
        ...milliseconds(this.#phases.get(phase)!.elapsed),
      })),
      engines: this.engines(),
      iteration_rows: this.rows,
    };
  }
}

function phaseOf({ contextRequests, generationRequests }: IterationMessage): LogPhase {
  if (contextRequests > 0) return generationRequests > 0 ? "mixed" : "prefill";
  return generationRequests > 0 ? "decode" : "idle";
}

function milliseconds(durations: Durations): Milliseconds {
  const at = (share: number) => durations.at(share) / 1e6;
  return {
    mean: durations.total / durations.count / 1e6,
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    max: durations.max / 1e6,
  };
}
