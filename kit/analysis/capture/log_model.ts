/**
 * What a log of vLLM tells beside the parts that all captures share.
 *
 * Times are vLLM's own words: most of its versions write them without a year, to the second.
 *
 * @module
 */

import type { Milliseconds } from "./model.ts";

/** How many lines there were, by what they are. */
export interface LogLines {
  readonly total: number;
  readonly iteration: number;
  readonly throughput: number;
  readonly kv_cache: number;
  readonly request: number;
  /** Answers of the HTTP server, which carry no time and no request. */
  readonly http: number;
  /** That should tell one of these and are in no known form; the first are in `unknown_lines`. */
  readonly unknown: number;
  /** Everything else: start-up, warnings, other programs. */
  readonly other: number;
  readonly first_timestamp?: string;
  readonly last_timestamp?: string;
  readonly span_s?: number;
  /** What a timestamp may be off by. */
  readonly timestamp_resolution_s?: number;
  /** Rows beyond the first 100,000, which are in all figures but in no table of rows. */
  readonly rows_left_out?: number;
}

/** A line that was not understood. */
export interface UnknownLine {
  readonly path: string;
  /** From 1 on. */
  readonly line: number;
  /** Its beginning. */
  readonly text: string;
}

/** One iteration of one engine. */
export interface LogIterationRow {
  readonly iteration: number;
  readonly engine: string;
  /** Of the line, which is written when the iteration has ended. */
  readonly timestamp?: string;
  readonly phase: "prefill" | "decode" | "mixed" | "idle";
  readonly context_requests: number;
  readonly context_tokens: number;
  readonly generation_requests: number;
  readonly generation_tokens: number;
  readonly elapsed_ms: number;
  readonly kv_cache_pct?: number;
  readonly encoder_inputs?: number;
  readonly encoder_embeddings?: number;
  /** A step without work that a data parallel engine takes because others have some. */
  readonly dummy?: true;
  /** Place of the file in `sources`, and the line in it. */
  readonly source: number;
  readonly line: number;
}

/** One engine of one server. */
export interface LogEngineRow {
  readonly engine: string;
  readonly source: number;
  readonly pid?: number;
  readonly iterations: number;
  readonly first_iteration: number;
  readonly last_iteration: number;
  /** Times that the numbers began anew: the server was started again. */
  readonly restarts: number;
  /** Numbers between the first and the last that no line has. */
  readonly iterations_without_line: number;
}

/** Mean and extremes of what throughput lines tell. */
export interface LogSpread {
  readonly mean: number;
  readonly p50: number;
  readonly max: number;
}

/** The throughput lines of one engine, or of all in sum where vLLM wrote that. */
export interface LogThroughput {
  /** `0`, `1` …, or `2 engines` for lines of the sum. */
  readonly engine: string;
  readonly lines: number;
  readonly prompt_tokens_per_s: LogSpread;
  readonly generation_tokens_per_s: LogSpread;
  readonly running_requests: LogSpread;
  readonly waiting_requests: LogSpread;
  readonly kv_cache_pct?: LogSpread;
  /** Of the last line that tells it: vLLM counts over its last requests. */
  readonly prefix_cache_hit_pct?: number;
  readonly preemptions?: number;
}

/** One throughput line. */
export interface LogThroughputRow {
  readonly engine: string;
  readonly timestamp?: string;
  readonly prompt_tokens_per_s: number;
  readonly generation_tokens_per_s: number;
  readonly running_requests: number;
  readonly waiting_requests: number;
  readonly deferred_requests?: number;
  readonly preemptions?: number;
  readonly kv_cache_pct?: number;
  readonly prefix_cache_hit_pct?: number;
  readonly external_prefix_cache_hit_pct?: number;
  readonly mm_cache_hit_pct?: number;
  readonly source: number;
  readonly line: number;
}

/** The KV cache that an engine made. */
export interface LogKvCache {
  readonly engine: string;
  readonly source: number;
  /** `GPU`, `CPU`, `XPU` …, as vLLM has it. */
  readonly device?: string;
  readonly size_tokens?: number;
  /** Requests of `request_tokens` each that fit at one time. */
  readonly max_concurrency?: number;
  readonly request_tokens?: number;
  readonly available_gib?: number;
}

/** Requests, where vLLM logged them. */
export interface LogRequests {
  readonly [key: string]: unknown;
  /** Different requests that were received or given to an engine. */
  readonly count: number;
  /** What engines were given: more than one for a request that asks for several answers. */
  readonly engine_requests: number;
  /** There only where vLLM logs answers (`--enable-log-outputs`), as nothing else tells an end. */
  readonly finished?: number;
  readonly finish_reasons?: Readonly<Record<string, number>>;
  readonly aborted: number;
  readonly failed: number;
  /** Neither answer nor abort nor failure is in the log. */
  readonly end_not_logged: number;
  /** Over the time from the first to the last that was received. */
  readonly arrivals_per_s?: number;
  /** From received to answered, in seconds; only as exact as the timestamps. */
  readonly total_s?: { readonly mean: number; readonly p50: number; readonly max: number };
}

/** One request. */
export interface LogRequestRow {
  readonly request_id: string;
  readonly received?: string;
  readonly added?: string;
  readonly ended?: string;
  readonly engine_requests: number;
  readonly status: "finished" | "aborted" | "failed" | "end_not_logged";
  /** The finish reason, or why it failed. */
  readonly reason?: string;
  readonly total_s?: number;
  readonly source: number;
  readonly line: number;
}

/** Answers of the HTTP server of one kind. */
export interface LogHttpRow {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly count: number;
}

/** The parts of the document that only logs have. */
export interface LogParts {
  readonly lines?: LogLines;
  readonly unknown_lines?: readonly UnknownLine[];
  readonly engines?: readonly LogEngineRow[];
  readonly iteration_rows?: readonly LogIterationRow[];
  readonly elapsed_ms_by_phase?: readonly (Milliseconds & {
    readonly phase: LogIterationRow["phase"];
    readonly iterations: number;
    readonly tokens: number;
  })[];
  readonly throughput?: readonly LogThroughput[];
  readonly throughput_rows?: readonly LogThroughputRow[];
  readonly kv_cache?: readonly LogKvCache[];
  readonly request_rows?: readonly LogRequestRow[];
  readonly http_responses?: readonly LogHttpRow[];
}
