/**
 * A session as a report and `analyze` see it.
 *
 * @module
 */

import type { Manifest } from "../bundle/manifest.ts";
import type { Statistics } from "../bundle/merge/samples.ts";
import type { SessionTableName } from "../bundle/session/session_tables.ts";
import type { Points } from "./downsample.ts";
import type { ExpertAnalysis } from "./experts.ts";
import type { GraphAnalysis } from "./graphs.ts";
import type { OwnAnalysis } from "./own_tables.ts";
import type { SessionUtilization } from "./session_utilization.ts";
import type { VllmComparison } from "./vllm_metrics/compare.ts";

/** Milliseconds of something, and their sum. */
export interface Timing {
  /** What was timed. */
  name: string;
  /** Of the milliseconds. */
  statistics: Statistics;
  /** Their sum. */
  totalMs: number;
  /** Iterations that it stands for: with tensor parallelism every rank times each of them. */
  iterations: number;
}

/** A request as the report shows it; times in seconds since the session began. */
export interface RequestRow {
  /** As vLLM's API calls it. */
  id: string;
  /** How it ended, as vLLM says it. */
  status: string;
  /** When it arrived in the engine. */
  queued?: number;
  /** When it was in a batch for the first time. */
  started?: number;
  /** When its first token was there. */
  firstToken?: number;
  /** When it ended. */
  finished?: number;
  /** Tokens of its prompt. */
  prompt?: number;
  /** Tokens of its prompt that were cached. */
  cached?: number;
  /** Tokens of its answer. */
  generated?: number;
  /** How often it was preempted. */
  preemptions: number;
}

/** `session_summary.json`. */
export interface SessionSummary {
  /** Numbers of requests, and statistics of their times. */
  requests?: Record<string, number> & Record<string, Record<string, number> | undefined>;
  /** The account of tokens: those of all passes, and what the requests explain. */
  tokens?: Record<string, number>;
  /** Scheduled batches. */
  steps?: number;
  /** Forward passes of the start, which no request caused. */
  warmup_passes?: number;
}

/** All that a report or `analyze` says of a session. */
export interface SessionAnalysis {
  /** The bundle's folder. */
  dir: string;
  /** The manifest of the bundle. */
  manifest: Manifest;
  /** What merging summed up. */
  summary: SessionSummary;
  /** Rows per table; absent for a table that is not there. */
  rows: Partial<Record<SessionTableName, number>>;
  /** Last lines that were cut off, per table. */
  cut: Partial<Record<SessionTableName, number>>;
  /** Forward passes by phase. */
  phases: Timing[];
  /** Forward pass and sampling of each iteration, as rank 0 timed them; milliseconds. */
  iterationMs?: Statistics;
  /** `cuda_event`, `host`, or both. */
  timing: string[];
  /** Milliseconds of forward passes over the time, by phase. */
  passes: Record<string, Points>;
  /** Operations on the CPU, the dearest first. */
  operations: Timing[];
  /** KV blocks in use, in percent of all, over time and summed up. */
  kv?: { usage: Points; statistics: Statistics; totalBlocks: number };
  /** Absent where no batch was recorded. */
  batches?: BatchAnalysis;
  /** Absent where no pass could have replayed a CUDA graph. */
  graphs?: GraphAnalysis;
  /** Absent for a model without experts. */
  experts?: ExpertAnalysis;
  /** MFU and MBU; absent where they cannot be computed. */
  utilization?: SessionUtilization;
  /** vLLM's own metrics beside these, where they were scraped. */
  vllm?: VllmComparison;
  /** Tables of the user's own profilers. */
  own: OwnAnalysis[];
  /** Cached blocks that were given up. */
  evictions?: { count: number; lifetimeSec: number; idleSec: number; neverUsed: number };
  /** Encoder, decoder and cross-attention. */
  encoders: Timing[];
  /** Tokens of the longest request, prompt and answer. */
  longestRequest?: number;
  /** In the order of arrival; at most `MOST_REQUESTS`. */
  requests: RequestRow[];
  /** All requests, also those that are not in `requests`. */
  requestCount: number;
  /** First arrival to last end, in seconds. */
  servingSec?: number;
}

/** Batches against their limits. */
export interface BatchAnalysis {
  /** Requests of a batch against `max_num_seqs`, in percent, over time. */
  sequences: Points;
  /** Tokens of a batch against `max_num_batched_tokens`, in percent, over time. */
  tokens: Points;
  /** Requests that run, over time. */
  running: Points;
  /** Requests that wait, over time. */
  waiting: Points;
  /** Requests against `max_num_seqs`, in percent. */
  sequenceShare: Statistics;
  /** Tokens against `max_num_batched_tokens`, in percent. */
  tokenShare: Statistics;
  /** `max_num_seqs`. */
  maxSeqs: number;
  /** `max_num_batched_tokens`. */
  maxTokens: number;
  /** Batches with less than half of the tokens that fit. */
  underutilized: number;
  /** Batches with room for a request while one waited. */
  waitingWithRoom: number;
  /** Tokens of prompts, over all batches. */
  contextTokens: number;
  /** Tokens of answers, over all batches. */
  generationTokens: number;
}
