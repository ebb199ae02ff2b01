/**
 * The type and the unit of each column of a session's tables.
 *
 * @module
 */

/** How a cell is to be read. */
export type ColumnType = "integer" | "number" | "boolean" | "text";

/** What is known of a column. */
export interface Column {
  /** How its cells are read. */
  readonly type: ColumnType;
  /** Of a number; absent for a plain count of what the column names, and for what is no number. */
  readonly unit?: string;
}

const SECONDS_SINCE_START: Column = { type: "number", unit: "s since the session began" };
const SECONDS: Column = { type: "number", unit: "s" };
const MILLISECONDS: Column = { type: "number", unit: "ms" };
const PERCENT: Column = { type: "number", unit: "%" };
const NUMBER: Column = { type: "number" };
const TOKENS: Column = { type: "integer", unit: "tokens" };
const REQUESTS: Column = { type: "integer", unit: "requests" };
const BLOCKS: Column = { type: "integer", unit: "KV blocks" };
const INTEGER: Column = { type: "integer" };
const BOOLEAN: Column = { type: "boolean" };
const TEXT: Column = { type: "text" };

/** Every column that a table of {@linkcode SESSION_TABLES} may have, by its name. */
export const SESSION_COLUMNS: Readonly<Record<string, Column>> = {
  timestamp_sec: SECONDS_SINCE_START,
  capture_time_sec: SECONDS_SINCE_START,
  started_sec: SECONDS_SINCE_START,
  preempted_sec: SECONDS_SINCE_START,
  resumed_sec: SECONDS_SINCE_START,
  finished_sec: SECONDS_SINCE_START,
  queued_sec: SECONDS_SINCE_START,
  first_token_sec: SECONDS_SINCE_START,

  lifetime_sec: SECONDS,
  idle_sec: SECONDS,
  capture_duration_sec: SECONDS,
  running_time_sec: SECONDS,
  total_time_sec: SECONDS,
  preemption_delay_sec: SECONDS,
  forward_time_ms: MILLISECONDS,
  sample_time_ms: MILLISECONDS,
  host_time_ms: MILLISECONDS,
  duration_ms: MILLISECONDS,

  seq_utilization_pct: PERCENT,
  token_utilization_pct: PERCENT,
  usage_pct: PERCENT,
  percentage: PERCENT,

  throughput_tokens_per_sec: { type: "number", unit: "tokens/s" },
  num_tokens: TOKENS,
  max_tokens: TOKENS,
  recomputed_tokens: TOKENS,
  overscheduled_tokens: TOKENS,
  context_tokens: TOKENS,
  generation_tokens: TOKENS,
  graph_tokens: TOKENS,
  kv_tokens: TOKENS,
  prompt_tokens: TOKENS,
  cached_tokens: TOKENS,
  generated_tokens: TOKENS,
  computed_tokens: TOKENS,
  sampled_tokens: TOKENS,
  seen_tokens: TOKENS,
  tokens_so_far: TOKENS,
  attention_pairs: { type: "integer", unit: "pairs of query and key tokens" },

  batch_size: REQUESTS,
  num_seqs: REQUESTS,
  max_num_seqs: REQUESTS,
  num_reqs: REQUESTS,
  running_queue_len: REQUESTS,
  waiting_queue_len: REQUESTS,
  context_requests: REQUESTS,
  generation_requests: REQUESTS,
  num_blocks: BLOCKS,
  total_blocks: BLOCKS,

  step: INTEGER,
  sampled_every: { type: "integer", unit: "passes" },
  access_count: { type: "integer", unit: "uses" },
  block_id: INTEGER,
  num_active_loras: { type: "integer", unit: "LoRAs" },
  graphs: { type: "integer", unit: "CUDA graphs" },
  replay_count: { type: "integer", unit: "replays" },
  warmup_replay_count: { type: "integer", unit: "replays" },
  num_preemptions: { type: "integer", unit: "preemptions" },

  layer_idx: INTEGER,
  expert_id: INTEGER,
  expert_id_1: INTEGER,
  expert_id_2: INTEGER,
  physical_id: INTEGER,
  token_idx: INTEGER,
  activation_count: { type: "integer", unit: "choices" },
  coselection_count: { type: "integer", unit: "tokens" },
  weight_count: { type: "integer", unit: "choices" },
  experts_hit: { type: "integer", unit: "experts" },
  mean_activations: { type: "number", unit: "choices" },
  max_activations: { type: "integer", unit: "choices" },
  min_activations: { type: "integer", unit: "choices" },
  std_dev: { type: "number", unit: "choices" },
  max_min_ratio: NUMBER,
  weight: NUMBER,
  bin_start: NUMBER,
  bin_end: NUMBER,

  uniform: BOOLEAN,
  has_lora: BOOLEAN,

  rank: INTEGER,
  pid: INTEGER,

  phase: TEXT,
  timing: TEXT,
  cudagraph_mode: TEXT,
  runtime_mode: TEXT,
  descriptor: TEXT,
  operation: TEXT,
  component: TEXT,
  context: TEXT,
  request_id: TEXT,
  engine_request_id: TEXT,
  event: TEXT,
  reason: TEXT,
  extra_info: TEXT,
  status: TEXT,
};
