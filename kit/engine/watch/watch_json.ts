/**
 * The state of a session as a document.
 *
 * @module
 */

import type { LiveSession } from "../../analysis/live/live_session.ts";
import type { TimeSeries } from "../../analysis/live/time_series.ts";
import { hookHealth } from "./health.ts";
import { kvBand, MOMENT_SEC, valueOf } from "./readings.ts";

/** What `vscope watch --json` prints. What was not recorded is absent. */
export function watchJson(live: LiveSession): Record<string, unknown> {
  const { figures } = live;
  const { series } = figures;
  const { attached, absent, failed, droppedRows, silent, troubles } = hookHealth(live);
  const { firstSec, lastSec } = figures;
  return {
    schema_version: 1,
    kind: "watch",
    session: live.dir,
    status: live.status,
    at_sec: round(live.now),
    // Rates and means below are of these seconds.
    window_sec: live.ended ? round(Math.max(1, lastSec - firstSec)) : MOMENT_SEC,
    ...part("throughput", series.promptTokens, {
      prompt_tokens_per_sec: round(valueOf(live, series.promptTokens, "sum")),
      generation_tokens_per_sec: round(valueOf(live, series.generatedTokens, "sum")),
      prompt_tokens: series.promptTokens.total.sum,
      generation_tokens: series.generatedTokens.total.sum,
      recomputed_tokens: figures.wasted.recomputed,
      overscheduled_tokens: figures.wasted.overscheduled,
    }),
    phases: (["prefill", "decode", "mixed"] as const).flatMap((phase) => {
      const { total } = series[phase];
      return total.count === 0 ? [] : [{
        phase,
        passes: total.count,
        total_ms: round(total.sum),
        mean_ms: round(valueOf(live, series[phase], "mean")),
        max_ms: round(total.max),
      }];
    }),
    ...part("kv_cache", series.kvPct, {
      used_blocks: figures.sum("usedBlocks"),
      total_blocks: figures.sum("totalBlocks"),
      usage_pct: round(series.kvPct.last),
      band: kvBand(series.kvPct.last ?? 0).name,
      peak_usage_pct: round(series.kvPct.total.max),
      evicted_blocks: series.evictions.total.count,
    }),
    ...part("batches", series.promptTokens, {
      count: series.promptTokens.total.count,
      running_requests: figures.sum("running"),
      waiting_requests: figures.sum("waiting"),
      longest_queue: series.waiting.total.max,
      mean_token_utilization_pct: round(valueOf(live, series.tokenPct, "mean")),
    }),
    requests: {
      finished: series.finished.total.sum,
      alive: live.requestsAlive,
      preemptions: series.preemptions.total.count,
      ...times(live),
    },
    ...part("cuda_graphs", series.graphPct, {
      passes: series.graphPct.total.count,
      replayed_passes: Math.round(series.graphPct.total.sum / 100),
      coverage_pct: round(series.graphPct.total.sum / series.graphPct.total.count),
    }),
    ...(live.expertLoads.length === 0 ? {} : { experts: experts(live) }),
    ...(figures.own.size === 0 ? {} : { profilers: own(live) }),
    hooks: { attached, absent, failed, dropped_rows: droppedRows, silent, troubles },
  };
}

function part(name: string, series: TimeSeries, figures: object): Record<string, unknown> {
  return series.total.count === 0 ? {} : { [name]: figures };
}

function times(live: LiveSession): Record<string, unknown> {
  const { ttft, tpot } = live.figures.requestTimes();
  return {
    ...(ttft ? { last_ttft_ms: { p50: round(ttft.p50), p95: round(ttft.p95) } } : {}),
    ...(tpot ? { last_tpot_ms: { p50: round(tpot.p50), p95: round(tpot.p95) } } : {}),
  };
}

function experts(live: LiveSession): unknown[] {
  return live.expertLoads.map(({ labels, loads }) => {
    const [least, most] = [Math.min(...loads), Math.max(...loads)];
    return {
      layer: Number(labels["layer"]),
      ...(labels["rank"] === undefined ? {} : { rank: Number(labels["rank"]) }),
      activations: loads.reduce((a, b) => a + b, 0),
      ...(least > 0 ? { max_min_ratio: round(most / least) } : {}),
      idle_experts: loads.filter((load) => load === 0).length,
    };
  });
}

/** Tables of the user's own profilers; what no row has is absent. */
function own(live: LiveSession): unknown[] {
  return [...live.figures.own.values()].map(({ table, rows, columns }) => ({
    name: table.name,
    rows,
    columns: columns.flatMap(({ column, series }) =>
      series.total.count === 0 ? [] : [{
        name: column.name,
        ...(column.unit === undefined ? {} : { unit: column.unit }),
        last: series.last,
        mean: round(valueOf(live, series, "mean")),
        max: series.total.max,
      }]
    ),
  }));
}

function round(value: number | undefined): number | undefined {
  return value === undefined || !Number.isFinite(value) ? undefined : Number(value.toFixed(4));
}
