/**
 * Prometheus rules for the health thresholds that findings use too.
 *
 * @module
 */

import { THRESHOLDS } from "../thresholds.ts";

interface RecordingRule {
  record: string;
  expr: string;
}

interface AlertRule {
  alert: string;
  expr: string;
  /** How long it has to hold. */
  for: string;
  severity: "info" | "warning" | "critical";
  summary: string;
  description: string;
}

const { kvLow, kvHigh, graphCoverage, tokenUtilizationLow, expertRatio, expertDeviation } =
  THRESHOLDS;
const { waitingWithRoom, wastedTokens } = THRESHOLDS;

const share = (pct: { value: number }) => String(pct.value / 100);

/** Sums over five minutes: a rate needs at least four scrapes. */
const rate = (metric: string) => `rate(${metric}[5m])`;

/** What panels and alerts share. Names follow Prometheus' own: level:metric:operation. */
const RECORDING: readonly RecordingRule[] = [
  {
    record: "instance:vscope_prompt_tokens:rate5m",
    expr: `sum by (instance) (${rate('vscope_scheduled_tokens_total{kind="context"}')})`,
  },
  {
    record: "instance:vscope_generation_tokens:rate5m",
    expr: `sum by (instance) (${rate('vscope_scheduled_tokens_total{kind="generation"}')})`,
  },
  {
    record: "instance_phase:vscope_forward_pass_duration_seconds:mean5m",
    expr: `sum by (instance, phase) (${rate("vscope_forward_pass_duration_seconds_sum")})` +
      ` / sum by (instance, phase) (${rate("vscope_forward_pass_duration_seconds_count")})`,
  },
  {
    record: "instance:vscope_cuda_graph_coverage:ratio5m",
    expr: `sum by (instance) (${rate('vscope_forward_passes_total{cudagraph_mode!~"NONE|"}')})` +
      ` / sum by (instance) (${rate('vscope_forward_passes_total{cudagraph_mode!=""}')})`,
  },
  {
    record: "instance:vscope_underutilized_batches:ratio5m",
    expr: `sum by (instance) (${rate("vscope_underutilized_batches_total")})` +
      ` / sum by (instance) (${rate("vscope_scheduled_batches_total")})`,
  },
  {
    record: "instance:vscope_batches_waiting_with_room:ratio5m",
    expr: `sum by (instance) (${rate("vscope_batches_waiting_with_room_total")})` +
      ` / sum by (instance) (${rate("vscope_scheduled_batches_total")})`,
  },
  {
    record: "instance:vscope_wasted_tokens:ratio5m",
    expr: `(sum by (instance) (${rate("vscope_recomputed_tokens_total")})` +
      ` + sum by (instance) (${rate("vscope_overscheduled_tokens_total")}))` +
      ` / sum by (instance) (${rate("vscope_scheduled_tokens_total")})`,
  },
];

const ALERTS: readonly AlertRule[] = [
  {
    alert: "VscopeKvCacheNearlyFull",
    expr: `vscope_kv_cache_usage_ratio > ${share(kvHigh)}`,
    for: "1m",
    severity: "critical",
    summary: `KV cache above ${kvHigh.value} %`,
    description: "Requests soon wait for blocks, or are preempted: more memory for the cache, " +
      "shorter contexts, or fewer requests at a time.",
  },
  {
    alert: "VscopeKvCacheLarge",
    expr: `max_over_time(vscope_kv_cache_usage_ratio[1h]) < ${share(kvLow)}`,
    for: "1h",
    severity: "info",
    summary: `KV cache below ${kvLow.value} % for an hour`,
    description: "The cache is larger than the load needs: there is room for more requests.",
  },
  {
    alert: "VscopePreemptions",
    expr: `sum by (instance) (${rate("vscope_preemptions_total")}) > 0`,
    for: "5m",
    severity: "warning",
    summary: "Requests are preempted",
    description:
      "What they had computed is computed again: the KV cache is too small for the load.",
  },
  {
    alert: "VscopeCudaGraphCoverageLow",
    expr: `instance:vscope_cuda_graph_coverage:ratio5m < ${share(graphCoverage)}`,
    for: "10m",
    severity: "warning",
    summary: `Fewer than ${graphCoverage.value} % of the passes replay a CUDA graph`,
    description: "Batch shapes are not among the captured ones, or the model runs eagerly.",
  },
  {
    alert: "VscopeBatchesUnderutilized",
    expr: `instance:vscope_underutilized_batches:ratio5m > 0.5 and on (instance) ` +
      "sum by (instance) (vscope_waiting_requests) > 0",
    for: "10m",
    severity: "warning",
    summary:
      `Most batches fill less than ${tokenUtilizationLow.value} % of their tokens, and requests wait`,
    description: "Something other than max_num_batched_tokens limits the batches.",
  },
  {
    alert: "VscopeWaitingWithRoom",
    expr: `instance:vscope_batches_waiting_with_room:ratio5m > ${share(waitingWithRoom)}`,
    for: "10m",
    severity: "warning",
    summary: `Requests wait in more than ${waitingWithRoom.value} % of the batches that have room`,
    description: "Tokens or KV blocks limit the batches, not max_num_seqs.",
  },
  {
    alert: "VscopeTokensWasted",
    expr: `instance:vscope_wasted_tokens:ratio5m > ${share(wastedTokens)}`,
    for: "10m",
    severity: "warning",
    summary: `More than ${wastedTokens.value} % of the tokens are computed for nothing`,
    description: "Preemptions recompute, or batches run past the end of requests.",
  },
  {
    alert: "VscopeExpertsUnbalanced",
    expr: `vscope_moe_expert_load_max_min_ratio > ${expertRatio.value}` +
      ` and vscope_moe_expert_load_deviation_ratio > ${expertDeviation.value}`,
    for: "15m",
    severity: "info",
    summary: "Experts of a layer are loaded unevenly",
    description: `Largest over smallest load above ${expertRatio.value}, deviation above ` +
      `${expertDeviation.value} of the mean, over the whole session.`,
  },
  {
    alert: "VscopeHookFailed",
    expr: 'vscope_hooks{status="failed"} > 0',
    for: "0m",
    severity: "warning",
    summary: "A hook of vscope has failed",
    description: "Its table is not complete: bundle.json names the hook and the reason.",
  },
  {
    alert: "VscopeRowsDropped",
    expr: "sum by (instance) (increase(vscope_dropped_rows_total[10m])) > 0",
    for: "0m",
    severity: "warning",
    summary: "vscope has dropped rows",
    description: "The disk is full or too slow: the tables, and these metrics, miss them.",
  },
];

/** Every expression, by the name of its rule. */
export function ruleExpressions(): Record<string, string> {
  return Object.fromEntries([
    ...RECORDING.map(({ record, expr }) => [record, expr]),
    ...ALERTS.map(({ alert, expr }) => [alert, expr]),
  ]);
}

/** The rule file, YAML. */
export function alertRules(): string {
  const text = JSON.stringify;
  return [
    "# Rules for the metrics of vscope watch, made by: vscope watch --print rules",
    "groups:",
    "  - name: vscope",
    "    rules:",
    ...RECORDING.flatMap(({ record, expr }) => [
      `      - record: ${text(record)}`,
      `        expr: ${text(expr)}`,
    ]),
    "  - name: vscope-health",
    "    rules:",
    ...ALERTS.flatMap((alert) => [
      `      - alert: ${alert.alert}`,
      `        expr: ${text(alert.expr)}`,
      `        for: ${alert.for}`,
      "        labels:",
      `          severity: ${alert.severity}`,
      "        annotations:",
      `          summary: ${text(alert.summary)}`,
      `          description: ${text(alert.description)}`,
    ]),
    "",
  ].join("\n");
}
