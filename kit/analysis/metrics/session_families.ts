/**
 * The metrics of a session: their names, which are a public interface, and what each counts.
 *
 * @module
 */

import { Family, type FamilyShape } from "./families.ts";

/** Bounds for what takes microseconds to seconds. */
const SHORT = [
  0.0005,
  0.001,
  0.0025,
  0.005,
  0.01,
  0.025,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  5,
  10,
] as const;

/** Bounds for lives of requests and of cached blocks. */
const LONG = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800] as const;

const counter = (name: string, help: string): FamilyShape => ({ name, type: "counter", help });
const gauge = (name: string, help: string): FamilyShape => ({
  name,
  type: "gauge",
  help,
  ...(name.endsWith("_ratio") ? { unit: "ratio" as const } : {}),
  ...(name.endsWith("_seconds") ? { unit: "seconds" as const } : {}),
});
const peak = (name: string, help: string): FamilyShape => ({ ...gauge(name, help), peak: true });
const seconds = (name: string, buckets: readonly number[], help: string): FamilyShape => ({
  name,
  type: "histogram",
  unit: "seconds",
  buckets,
  help,
});

/** The families, in the order in which they are printed. */
export const SESSION_SHAPES = {
  session: {
    name: "vscope_session",
    type: "info",
    help: "The session, its versions and its model.",
  },
  start: gauge("vscope_session_start_time_seconds", "When the session began, in Unix time."),
  duration: gauge("vscope_session_duration_seconds", "From the session's beginning to its end."),
  hooks: gauge("vscope_hooks", "Hooks by what became of them, over all processes."),
  dropped: counter("vscope_dropped_rows", "Rows that were recorded and lost, by table."),

  passSeconds: seconds(
    "vscope_forward_pass_duration_seconds",
    SHORT,
    "Forward passes of a worker, as they were timed.",
  ),
  passes: counter("vscope_forward_passes", "Forward passes of a worker, by the CUDA graph mode."),
  passTokens: counter(
    "vscope_forward_tokens",
    "Tokens of forward passes, each position of each request once.",
  ),
  graphReplays: counter("vscope_cuda_graph_replays", "Replays of a captured batch shape."),
  graphCaptures: counter("vscope_cuda_graph_captures", "Batch shapes that were captured."),
  operationSeconds: seconds(
    "vscope_cpu_operation_duration_seconds",
    SHORT,
    "Calls of an operation on the CPU.",
  ),
  componentSeconds: seconds(
    "vscope_encoder_decoder_duration_seconds",
    SHORT,
    "Components of forward passes of models that have an encoder.",
  ),

  batches: counter("vscope_scheduled_batches", "Batches that the scheduler made."),
  scheduledTokens: counter(
    "vscope_scheduled_tokens",
    "Tokens of scheduled batches: context (prompts) and generation, as they were scheduled.",
  ),
  underutilized: counter(
    "vscope_underutilized_batches",
    "Batches that filled less than half of max_num_batched_tokens.",
  ),
  waitingWithRoom: counter(
    "vscope_batches_waiting_with_room",
    "Batches that had room for more requests while some waited.",
  ),
  recomputed: counter(
    "vscope_recomputed_tokens",
    "Scheduled tokens that a preemption made vLLM compute again.",
  ),
  overscheduled: counter("vscope_overscheduled_tokens", "Tokens scheduled past a request's end."),
  running: gauge("vscope_running_requests", "Requests in the last batch's running queue."),
  waiting: gauge("vscope_waiting_requests", "Requests in the last batch's waiting queue."),
  waitingPeak: peak("vscope_waiting_requests_peak", "The longest waiting queue."),

  kvRatio: gauge("vscope_kv_cache_usage_ratio", "KV blocks in use at last, over all blocks."),
  kvPeak: peak("vscope_kv_cache_peak_usage_ratio", "Most KV blocks in use, over all blocks."),
  kvUsed: gauge("vscope_kv_cache_used_blocks", "KV blocks in use at last."),
  kvTotal: gauge("vscope_kv_cache_blocks", "KV blocks that there are."),
  evicted: counter("vscope_kv_cache_evicted_blocks", "Cached blocks that were given up."),
  blockLife: seconds(
    "vscope_kv_cache_evicted_block_lifetime_seconds",
    LONG,
    "How long a block was cached that was given up.",
  ),
  blockIdle: seconds(
    "vscope_kv_cache_evicted_block_idle_seconds",
    LONG,
    "How long a block lay idle that was given up.",
  ),

  requests: counter("vscope_requests", "Requests by how they ended."),
  prompt: counter("vscope_request_prompt_tokens", "Prompt tokens of all requests."),
  cached: counter("vscope_request_cached_tokens", "Prompt tokens found in the prefix cache."),
  generated: counter("vscope_request_generated_tokens", "Tokens generated for all requests."),
  queueSeconds: seconds(
    "vscope_request_queue_seconds",
    LONG,
    "From a request's arrival in the engine to its first batch.",
  ),
  firstTokenSeconds: seconds(
    "vscope_request_time_to_first_token_seconds",
    LONG,
    "From a request's arrival in the engine to its first token there.",
  ),
  perTokenSeconds: seconds(
    "vscope_request_time_per_output_token_seconds",
    SHORT,
    "Time after a request's first token, over its other tokens.",
  ),
  requestSeconds: seconds(
    "vscope_request_duration_seconds",
    LONG,
    "From a request's arrival in the engine to its end there.",
  ),
  preemptions: counter("vscope_preemptions", "Preemptions of requests."),
  resumptions: counter("vscope_resumptions", "Resumptions of preempted requests."),

  expertChoices: counter("vscope_moe_expert_activations", "Choices of all experts of a layer."),
  expertRatio: gauge(
    "vscope_moe_expert_load_max_min_ratio",
    "The largest load of a layer's experts over the smallest; absent while one has none.",
  ),
  expertDeviation: gauge(
    "vscope_moe_expert_load_deviation_ratio",
    "The deviation of the load of a layer's experts over its mean.",
  ),
  idleExperts: gauge("vscope_moe_idle_experts", "Experts of a layer that no token chose."),

  ownRows: counter("vscope_profiler_rows", "Rows of the tables of your own profilers."),
  ownValue: gauge(
    "vscope_profiler_value",
    "The last number of each column of your own profilers' tables, in the column's unit.",
  ),
} as const satisfies Record<string, FamilyShape>;

/** The families of a session by the names that code uses. */
export type SessionFamilies = Readonly<Record<keyof typeof SESSION_SHAPES, Family>>;

/** All families, without values. */
export function sessionFamilies(): SessionFamilies {
  return Object.fromEntries(
    Object.entries(SESSION_SHAPES).map(([name, shape]) => [name, new Family(shape)]),
  ) as SessionFamilies;
}
