/**
 * The tables of a session bundle: file names and headers.
 *
 * The first columns are those of the session layout that users' scripts already read; columns that
 * vscope adds follow them (after the mark `added`). Times are seconds since the session began,
 * durations are milliseconds where the name says so.
 *
 * @module
 */

/** One CSV file of a session. */
export interface SessionTable {
  /** Path in the bundle. */
  readonly path: string;
  /** Name and version of the schema. */
  readonly schema: string;
  /** Columns that scripts rely on. */
  readonly layout: readonly string[];
  /** Columns that vscope adds behind them. */
  readonly added: readonly string[];
  /** The profiler that fills it. */
  readonly profiler: string;
  /** What a row is. */
  readonly row: string;
}

/** All columns of a table, in the order of the file. */
export function columnsOf(table: SessionTable): string[] {
  return [...table.layout, ...table.added];
}

/** The tables, by name. */
export const SESSION_TABLES = {
  forward_pass_timing: {
    path: "forward_pass_timing.csv",
    schema: "forward_pass_timing@1",
    layout: [
      "timestamp_sec",
      "phase",
      "batch_size",
      "num_tokens",
      "forward_time_ms",
      "throughput_tokens_per_sec",
    ],
    added: [
      "step",
      "recomputed_tokens",
      "overscheduled_tokens",
      "context_tokens",
      "generation_tokens",
      "sample_time_ms",
      "host_time_ms",
      "timing",
      "rank",
      "pid",
    ],
    profiler: "forward_pass",
    row: "one forward pass of one worker; num_tokens counts each position of each request once",
  },
  cpu_operations_timing: {
    path: "cpu_operations_timing.csv",
    schema: "cpu_operations_timing@1",
    layout: ["timestamp_sec", "operation", "duration_ms", "context"],
    added: ["rank", "pid"],
    profiler: "cpu_operations",
    row: "one call of an operation on the CPU",
  },
  batch_utilization: {
    path: "batch_utilization.csv",
    schema: "batch_utilization@1",
    layout: [
      "timestamp_sec",
      "num_seqs",
      "max_num_seqs",
      "seq_utilization_pct",
      "num_tokens",
      "max_tokens",
      "token_utilization_pct",
      "phase",
      "running_queue_len",
      "waiting_queue_len",
    ],
    added: [
      "step",
      "recomputed_tokens",
      "overscheduled_tokens",
      "context_requests",
      "context_tokens",
      "generation_requests",
      "generation_tokens",
      "pid",
    ],
    profiler: "batch_utilization",
    row: "one scheduled batch; token_utilization_pct counts all scheduled tokens",
  },
  kv_cache_usage: {
    path: "kv_cache_usage.csv",
    schema: "kv_cache_usage@1",
    layout: ["timestamp_sec", "usage_pct", "num_blocks", "total_blocks"],
    added: ["pid"],
    profiler: "kv_cache",
    row: "KV blocks in use after a batch was scheduled, or after the last request ended",
  },
  request_lifecycle: {
    path: "request_lifecycle.csv",
    schema: "request_lifecycle@1",
    layout: [
      "request_id",
      "started_sec",
      "preempted_sec",
      "resumed_sec",
      "finished_sec",
      "total_time_sec",
      "preemption_delay_sec",
    ],
    added: [
      "prompt_tokens",
      "cached_tokens",
      "generated_tokens",
      "queued_sec",
      "first_token_sec",
      "status",
      "num_preemptions",
      "computed_tokens",
      "engine_request_id",
      "pid",
    ],
    profiler: "request_lifecycle",
    row: "one request: queued_sec is its arrival in the engine, started_sec its first batch",
  },
} as const satisfies Record<string, SessionTable>;

/** Name of a session table. */
export type SessionTableName = keyof typeof SESSION_TABLES;
