/**
 * The figures by which two logs are compared.
 *
 * @module
 */

import type { CaptureAnalysis } from "../capture/model.ts";

/** Reads one figure of a log; nothing where the log does not tell it. */
export type Metric = (analysis: CaptureAnalysis) => number | undefined;

const PHASES = ["prefill", "decode", "mixed"] as const;

/** Throughput of the only engine, or of all together where vLLM wrote that. */
function throughput({ throughput: rows = [] }: CaptureAnalysis) {
  return rows.length === 1 ? rows[0] : rows.find(({ engine }) => engine.endsWith(" engines"));
}

/** By name, in the order in which they are shown. */
export const LOG_METRICS: Readonly<Record<string, Metric>> = {
  context_tokens: ({ iterations }) => iterations?.context_tokens,
  generation_tokens: ({ iterations }) => iterations?.generation_tokens,
  ...Object.fromEntries(PHASES.flatMap((phase) => {
    const row: (analysis: CaptureAnalysis) => { p50: number; p95: number } | undefined = (
      { elapsed_ms_by_phase: rows = [] },
    ) => rows.find((one) => one.phase === phase);
    return [
      [`${phase}_p50_ms`, (analysis: CaptureAnalysis) => row(analysis)?.p50],
      [`${phase}_p95_ms`, (analysis: CaptureAnalysis) => row(analysis)?.p95],
    ];
  })),
  generation_tokens_per_s_mean: (analysis) => throughput(analysis)?.generation_tokens_per_s.mean,
  generation_tokens_per_s_max: (analysis) => throughput(analysis)?.generation_tokens_per_s.max,
  prompt_tokens_per_s_mean: (analysis) => throughput(analysis)?.prompt_tokens_per_s.mean,
  running_requests_mean: (analysis) => throughput(analysis)?.running_requests.mean,
  waiting_requests_mean: (analysis) => throughput(analysis)?.waiting_requests.mean,
  kv_cache_pct_max: (analysis) => throughput(analysis)?.kv_cache_pct?.max,
  requests: ({ requests }) => requests?.["count"] as number | undefined,
};
