/**
 * The tables of a session bundle: file names and headers.
 *
 * The first columns are those of the session layout that users' scripts already read; columns that
 * vscope adds follow them (after the mark `added`). Times are seconds since the session began,
 * durations are milliseconds where the name says so.
 *
 * @module
 */

/**
 * Folder of the experts' tables within a session.
 *
 * @example Where the tables of experts are
 * ```ts
 * import assert from "node:assert/strict";
 * import { EXPERTS_FOLDER, SESSION_TABLES } from "@vscope/vscope";
 *
 * assert.ok(SESSION_TABLES.moe_expert_activations.path.startsWith(`${EXPERTS_FOLDER}/`));
 * ```
 */
export const EXPERTS_FOLDER = "moe_expert_tracking";

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

/**
 * All columns of a table, in the order of the file.
 *
 * @example Columns of a table, those that scripts rely on first
 * ```ts
 * import assert from "node:assert/strict";
 * import { columnsOf, SESSION_TABLES, type SessionTable } from "@vscope/vscope";
 *
 * const table: SessionTable = SESSION_TABLES.kv_cache_usage;
 * assert.deepEqual(columnsOf(table), [...table.layout, ...table.added]);
 * ```
 */
export function columnsOf(table: SessionTable): string[] {
  return [...table.layout, ...table.added];
}

/** The batch shape that a CUDA graph was captured for. */
const DESCRIPTOR = ["runtime_mode", "num_tokens", "num_reqs", "uniform", "has_lora"] as const;

/**
 * The tables, by name.
 *
 * @example What a table has a row for
 * ```ts
 * import { SESSION_TABLES, type SessionTableName } from "@vscope/vscope";
 *
 * for (const name of Object.keys(SESSION_TABLES) as SessionTableName[]) {
 *   const { path, row } = SESSION_TABLES[name];
 *   console.log(`${path}: a row for ${row}`);
 * }
 * ```
 */
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
      "cudagraph_mode",
      "graph_tokens",
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
      "kv_tokens",
      "attention_pairs",
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
  kv_cache_evictions: {
    path: "kv_cache_evictions.csv",
    schema: "kv_cache_evictions@1",
    layout: ["timestamp_sec", "lifetime_sec", "idle_sec"],
    added: ["access_count", "block_id", "pid"],
    profiler: "kv_eviction",
    row: "one cached block given up; access_count counts its uses by later requests",
  },
  cuda_graph_captures: {
    path: "cuda_graph_captures.csv",
    schema: "cuda_graph_captures@1",
    layout: [...DESCRIPTOR, "capture_time_sec"],
    added: ["num_active_loras", "graphs", "capture_duration_sec", "rank", "pid"],
    profiler: "cuda_graph",
    row: "one captured descriptor; capture_time_sec is the moment, graphs its pieces",
  },
  cuda_graph_usage: {
    path: "cuda_graph_usage.csv",
    schema: "cuda_graph_usage@1",
    layout: [...DESCRIPTOR, "replay_count"],
    added: ["num_active_loras", "graphs", "warmup_replay_count", "rank", "pid"],
    profiler: "cuda_graph",
    row: "one descriptor, the most replayed first; graph launches are replay_count times graphs",
  },
  cuda_graph_timeline: {
    path: "cuda_graph_timeline.csv",
    schema: "cuda_graph_timeline@1",
    layout: ["timestamp_sec", "descriptor", "duration_ms"],
    added: ["step", "rank", "pid", "sampled_every"],
    profiler: "cuda_graph",
    row:
      "one forward pass that replayed a graph, of every sampled_every; its time, not the graph's alone",
  },
  moe_expert_activations: {
    path: "moe_expert_tracking/moe_expert_activations.csv",
    schema: "moe_expert_activations@1",
    layout: ["layer_idx", "expert_id", "activation_count", "percentage"],
    added: ["rank", "pid"],
    profiler: "moe_expert",
    row:
      "one expert of a layer, those that nobody chose included; percentage of the layer's choices",
  },
  moe_physical_experts: {
    path: "moe_expert_tracking/moe_physical_experts.csv",
    schema: "moe_physical_experts@1",
    layout: ["layer_idx", "physical_id", "activation_count", "percentage", "rank", "pid"],
    added: [],
    profiler: "moe_expert",
    row: "one replica of an expert, where the expert load balancer keeps replicas",
  },
  moe_expert_coselection: {
    path: "moe_expert_tracking/moe_expert_coselection.csv",
    schema: "moe_expert_coselection@1",
    layout: ["layer_idx", "expert_id_1", "expert_id_2", "coselection_count"],
    added: ["rank", "pid"],
    profiler: "moe_expert",
    row: "one pair that some token chose together, the most frequent first",
  },
  moe_routing_weights_hist: {
    path: "moe_expert_tracking/moe_routing_weights_hist.csv",
    schema: "moe_routing_weights_hist@1",
    layout: ["layer_idx", "token_idx", "expert_id", "weight"],
    added: ["rank", "pid", "sampled_tokens", "seen_tokens"],
    profiler: "moe_expert",
    row: "one choice of a sampled token: sampled_tokens of seen_tokens, each with the same chance",
  },
  moe_routing_weights_bins: {
    path: "moe_expert_tracking/moe_routing_weights_bins.csv",
    schema: "moe_routing_weights_bins@1",
    layout: ["layer_idx", "bin_start", "bin_end", "weight_count", "rank", "pid"],
    added: [],
    profiler: "moe_expert",
    row: "routing weights of every choice from bin_start up to bin_end; the last bin has no end",
  },
  moe_load_imbalance: {
    path: "moe_expert_tracking/moe_load_imbalance.csv",
    schema: "moe_load_imbalance@1",
    layout: ["layer_idx", "timestamp_sec", "std_dev", "max_min_ratio"],
    added: [
      "mean_activations",
      "max_activations",
      "min_activations",
      "experts_hit",
      "tokens_so_far",
      "rank",
      "pid",
    ],
    profiler: "moe_expert",
    row: "one layer since the row before; max_min_ratio is empty while an expert has no load",
  },
  preemption_events: {
    path: "preemption_events.csv",
    schema: "preemption_events@1",
    layout: ["timestamp_sec", "request_id", "event", "reason", "running_time_sec", "extra_info"],
    added: ["engine_request_id", "pid"],
    profiler: "request_lifecycle",
    row: "one preemption, or the resumption after it",
  },
  encoder_decoder_timing: {
    path: "encoder_decoder_timing.csv",
    schema: "encoder_decoder_timing@1",
    layout: ["timestamp_sec", "component", "duration_ms", "context"],
    added: ["timing", "rank", "pid"],
    profiler: "encoder_decoder",
    row:
      "one component of a forward pass: encoder, decoder (the rest), cross_attention (part of it)",
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
