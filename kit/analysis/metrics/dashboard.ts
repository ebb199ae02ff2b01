/**
 * A Grafana dashboard for the metrics of a session.
 *
 * @module
 */

import { THRESHOLDS } from "../thresholds.ts";

interface Target {
  expr: string;
  legend: string;
}

interface PanelShape {
  title: string;
  description: string;
  unit: string;
  targets: readonly Target[];
  /** Where the colour changes: from a value on. */
  steps?: readonly { from: number; color: string }[];
  max?: number;
}

const WINDOW = "[$__rate_interval]";
const ONE = '{instance=~"$instance"}';
const where = (more: string) => `{instance=~"$instance",${more}}`;

/** A quantile of a histogram. */
const quantile = (q: number, metric: string, by = "") =>
  `histogram_quantile(${q}, sum by (le${by}) (rate(${metric}_bucket${ONE}${WINDOW})))`;

const pct = (threshold: { value: number }) => threshold.value / 100;

const PANELS: readonly PanelShape[] = [
  {
    title: "Throughput",
    description: "Tokens of scheduled batches: prompts (context) and generated.",
    unit: "short",
    targets: [{
      expr: `sum by (kind) (rate(vscope_scheduled_tokens_total${ONE}${WINDOW}))`,
      legend: "{{kind}} tokens/s",
    }],
  },
  {
    title: "Requests",
    description: "Requests that ended, by how they did.",
    unit: "reqps",
    targets: [{
      expr: `sum by (status) (rate(vscope_requests_total${ONE}${WINDOW}))`,
      legend: "{{status}}",
    }],
  },
  {
    title: "Forward pass, mean",
    description: "Time of a forward pass by phase.",
    unit: "s",
    targets: [{
      expr: `sum by (phase) (rate(vscope_forward_pass_duration_seconds_sum${ONE}${WINDOW}))` +
        ` / sum by (phase) (rate(vscope_forward_pass_duration_seconds_count${ONE}${WINDOW}))`,
      legend: "{{phase}}",
    }],
  },
  {
    title: "Time to first token",
    description: "From a request's arrival in the engine.",
    unit: "s",
    targets: [
      { expr: quantile(0.5, "vscope_request_time_to_first_token_seconds"), legend: "p50" },
      { expr: quantile(0.95, "vscope_request_time_to_first_token_seconds"), legend: "p95" },
      { expr: quantile(0.95, "vscope_request_queue_seconds"), legend: "in the queue, p95" },
    ],
  },
  {
    title: "Time per output token",
    description: "Time after a request's first token, over its other tokens.",
    unit: "s",
    targets: [
      { expr: quantile(0.5, "vscope_request_time_per_output_token_seconds"), legend: "p50" },
      { expr: quantile(0.95, "vscope_request_time_per_output_token_seconds"), legend: "p95" },
    ],
  },
  {
    title: "KV cache",
    description: "Blocks in use over all blocks, with the health bands.",
    unit: "percentunit",
    max: 1,
    targets: [
      { expr: `vscope_kv_cache_usage_ratio${ONE}`, legend: "engine {{pid}}" },
      { expr: `vscope_kv_cache_peak_usage_ratio${ONE}`, legend: "engine {{pid}}, peak" },
    ],
    steps: [
      { from: pct(THRESHOLDS.kvGoodFrom), color: "green" },
      { from: pct(THRESHOLDS.kvGoodTo), color: "orange" },
      { from: pct(THRESHOLDS.kvHigh), color: "red" },
    ],
  },
  {
    title: "Running and waiting",
    description: "Requests in the last batch's queues.",
    unit: "short",
    targets: [
      { expr: `sum(vscope_running_requests${ONE})`, legend: "running" },
      { expr: `sum(vscope_waiting_requests${ONE})`, legend: "waiting" },
    ],
  },
  {
    title: "Preemptions and evictions",
    description: "Requests that lost their blocks; cached blocks that were given up.",
    unit: "ops",
    targets: [
      { expr: `sum(rate(vscope_preemptions_total${ONE}${WINDOW}))`, legend: "preemptions/s" },
      {
        expr: `sum(rate(vscope_kv_cache_evicted_blocks_total${ONE}${WINDOW}))`,
        legend: "evicted blocks/s",
      },
    ],
  },
  {
    title: "CUDA graph coverage",
    description: "Share of forward passes that replayed a graph.",
    unit: "percentunit",
    max: 1,
    targets: [{
      expr: `sum(rate(vscope_forward_passes_total${where('cudagraph_mode!~"NONE|"')}${WINDOW}))` +
        ` / sum(rate(vscope_forward_passes_total${where('cudagraph_mode!=""')}${WINDOW}))`,
      legend: "coverage",
    }],
    steps: [{ from: pct(THRESHOLDS.graphCoverage), color: "green" }],
  },
  {
    title: "Tokens for nothing",
    description: "Recomputed after a preemption, or computed past a request's end.",
    unit: "short",
    targets: [
      { expr: `sum(rate(vscope_recomputed_tokens_total${ONE}${WINDOW}))`, legend: "recomputed/s" },
      {
        expr: `sum(rate(vscope_overscheduled_tokens_total${ONE}${WINDOW}))`,
        legend: "overscheduled/s",
      },
    ],
  },
  {
    title: "Experts: largest over smallest load",
    description: "By layer, over the whole session; no point while an expert has none.",
    unit: "short",
    targets: [{
      expr: `max by (layer) (vscope_moe_expert_load_max_min_ratio${ONE})`,
      legend: "layer {{layer}}",
    }],
    steps: [{ from: THRESHOLDS.expertRatio.value, color: "orange" }],
  },
  {
    title: "Hooks",
    description: "Whether vscope itself is well.",
    unit: "short",
    targets: [
      { expr: `sum by (status) (vscope_hooks${ONE})`, legend: "{{status}}" },
      { expr: `sum(vscope_dropped_rows_total${ONE})`, legend: "rows dropped" },
    ],
  },
];

/** Every expression of the dashboard. */
export function dashboardExpressions(): string[] {
  return PANELS.flatMap(({ targets }) => targets.map(({ expr }) => expr));
}

/** The dashboard, as Grafana (9 and later) imports it; it asks for the data source. */
export function dashboard(): Record<string, unknown> {
  const source = { type: "prometheus", uid: "${DS_PROMETHEUS}" };
  return {
    __inputs: [{
      name: "DS_PROMETHEUS",
      label: "Prometheus",
      type: "datasource",
      pluginId: "prometheus",
    }],
    uid: "vscope-session",
    title: "vscope: a vLLM session",
    tags: ["vllm", "vscope"],
    schemaVersion: 38,
    version: 1,
    editable: true,
    refresh: "5s",
    time: { from: "now-15m", to: "now" },
    templating: {
      list: [{
        name: "instance",
        type: "query",
        datasource: source,
        query: { query: "label_values(vscope_session_info, instance)", refId: "instance" },
        refresh: 2,
        includeAll: true,
        multi: true,
        current: {},
      }],
    },
    panels: PANELS.map((panel, place) => panelOf(panel, place, source)),
  };
}

function panelOf(panel: PanelShape, place: number, source: object): Record<string, unknown> {
  return {
    id: place + 1,
    type: "timeseries",
    title: panel.title,
    description: panel.description,
    datasource: source,
    gridPos: { h: 8, w: 8, x: 8 * (place % 3), y: 8 * Math.floor(place / 3) },
    fieldConfig: {
      defaults: {
        unit: panel.unit,
        min: 0,
        ...(panel.max === undefined ? {} : { max: panel.max }),
        ...(panel.steps
          ? {
            thresholds: {
              mode: "absolute",
              steps: [
                { color: "transparent", value: null },
                ...panel.steps.map(({ from, color }) => ({ color, value: from })),
              ],
            },
            custom: { thresholdsStyle: { mode: "line" } },
          }
          : {}),
      },
      overrides: [],
    },
    targets: panel.targets.map(({ expr, legend }, letter) => ({
      refId: String.fromCharCode(65 + letter),
      datasource: source,
      expr,
      legendFormat: legend,
    })),
  };
}
