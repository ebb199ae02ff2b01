/**
 * vLLM's own account of a session beside vscope's, thing by thing.
 *
 * @module
 */

import { readCsv } from "../../bundle/files/csv_file.ts";
import {
  LAST_SCRAPE,
  SCRAPED_VALUES,
  type ScrapeRecord,
  SCRAPES,
} from "../../bundle/vllm_metrics_files.ts";
import type { FileSystem } from "../../contract/context.ts";
import { readExposition, type Sample, sumOf } from "./exposition.ts";
import { type LogCounts, logCounts } from "./log_counts.ts";
import { type OwnCounts, ownCounts } from "./ours.ts";

/** A thing that both have measured. */
export interface Compared {
  /** The thing, in words. */
  what: string;
  /** Unit of both values. */
  unit: string;
  /** Where vLLM says it. */
  metric: string;
  /** As vLLM counted it. */
  vllm: number;
  /** As vscope did. */
  ours: number;
  /** Ours less vLLM's. */
  difference: number;
  /** The same over vLLM's, in percent; absent where that is 0. */
  difference_pct?: number;
  /** What makes them differ where they do. */
  why: string;
}

/** Both accounts. */
export interface VllmComparison {
  /** How vLLM was asked. */
  scrapes: ScrapeRecord;
  /** A row for each thing that both have measured. */
  rows: Compared[];
  /** What vLLM alone has: metric families of the last scrape that no row is of. */
  others: string[];
}

/** Compares; undefined where vLLM's metrics were not scraped. Needs read permission. */
export async function compareWithVllm(
  files: FileSystem,
  dir: string,
): Promise<VllmComparison | undefined> {
  let scrapes: ScrapeRecord;
  let text: string;
  try {
    scrapes = JSON.parse(await files.readTextFile(`${dir}/${SCRAPES}`));
    text = await files.readTextFile(`${dir}/${LAST_SCRAPE}`);
  } catch {
    return undefined;
  }
  const samples = readExposition(text);
  const ours = await ownCounts(files, dir);
  const log = await logCounts(files, dir);
  const peak = await peakOf(files, dir, "vllm:kv_cache_usage_perc");
  const rows = [
    ...counts(samples, ours),
    ...times(samples, ours),
    ...kvCache(samples, ours, peak),
    ...fromLog(log, ours),
  ].flatMap((row) => row ?? []);
  return { scrapes, rows, others: others(samples, rows) };
}

function row(
  what: string,
  unit: string,
  metric: string,
  vllm: number | undefined,
  ours: number | undefined,
  why: string,
): Compared | undefined {
  if (vllm === undefined || ours === undefined) return undefined;
  if (!Number.isFinite(vllm) || !Number.isFinite(ours)) return undefined;
  const difference = ours - vllm;
  return {
    what,
    unit,
    metric,
    vllm,
    ours,
    difference,
    ...(vllm === 0 ? {} : { difference_pct: 100 * difference / vllm }),
    why,
  };
}

function counts(samples: readonly Sample[], ours: OwnCounts): (Compared | undefined)[] {
  const total = (name: string) => sumOf(samples, `vllm:${name}`);
  return [
    row(
      "requests ended",
      "requests",
      "vllm:request_success_total",
      total("request_success_total"),
      ours.requests,
      "those that end after the last scrape are ours alone",
    ),
    row(
      "prompt tokens",
      "tokens",
      "vllm:prompt_tokens_total",
      total("prompt_tokens_total"),
      ours.promptTokens,
      "vLLM counts a prompt when its prefill is done, vscope when the request is known",
    ),
    row(
      "cached prompt tokens",
      "tokens",
      "vllm:prompt_tokens_cached_total",
      total("prompt_tokens_cached_total"),
      ours.cachedTokens,
      "vLLM counts those of each prefill, also after a preemption",
    ),
    row(
      "generated tokens",
      "tokens",
      "vllm:generation_tokens_total",
      total("generation_tokens_total"),
      ours.generatedTokens,
      "vLLM counts what left its engine, also past a stop string or an abort",
    ),
    row(
      "preemptions",
      "preemptions",
      "vllm:num_preemptions_total",
      total("num_preemptions_total"),
      ours.preemptions,
      "those after the last scrape are ours alone",
    ),
    row(
      "steps",
      "steps",
      "vllm:iteration_tokens_total_count",
      total("iteration_tokens_total_count"),
      ours.batches,
      "vLLM counts batches of outputs as its API server takes them, vscope what was scheduled",
    ),
    row(
      "tokens of steps",
      "tokens",
      "vllm:iteration_tokens_total_sum",
      total("iteration_tokens_total_sum"),
      ours.scheduledTokens,
      "vLLM counts a prompt and, besides it, the token that it leads to; vscope what was scheduled: " +
        "tokens computed again and past an end as well",
    ),
  ];
}

/** Mean of a histogram of vLLM's. */
function mean(samples: readonly Sample[], name: string): number | undefined {
  const count = sumOf(samples, `${name}_count`);
  const sum = sumOf(samples, `${name}_sum`);
  return count ? sum! / count : undefined;
}

function times(samples: readonly Sample[], ours: OwnCounts): (Compared | undefined)[] {
  const inApi = "vLLM's clock starts when its API server has the request, vscope's in the engine";
  return ([
    ["mean time to first token", "time_to_first_token_seconds", ours.firstToken, inApi],
    [
      "mean time in the queue",
      "request_queue_time_seconds",
      ours.queue,
      "vLLM's ends when the scheduler takes the request, vscope's with its first batch",
    ],
    ["mean time of a request", "e2e_request_latency_seconds", ours.whole, inApi],
    [
      "mean time per output token",
      "request_time_per_output_token_seconds",
      ours.perToken,
      "requests of one token have none",
    ],
  ] as const).map(([what, name, samplesOfOurs, why]) =>
    row(
      what,
      "ms",
      `vllm:${name}`,
      inMs(mean(samples, `vllm:${name}`)),
      inMs(samplesOfOurs.mean()),
      why,
    )
  );
}

const inMs = (seconds: number | undefined) => seconds === undefined ? undefined : 1000 * seconds;

function kvCache(
  samples: readonly Sample[],
  ours: OwnCounts,
  peak: number | undefined,
): (Compared | undefined)[] {
  const sampled =
    "vLLM follows a share of the blocks (--kv-cache-metrics-sample), also those that no prefix was cached in; vscope all that one was";
  return [
    row(
      "peak use of the KV cache",
      "%",
      "vllm:kv_cache_usage_perc",
      peak === undefined ? undefined : 100 * peak,
      ours.kvPeakPct,
      "vLLM's is the highest of the scrapes, vscope's of all steps",
    ),
    row(
      "evicted KV blocks",
      "blocks",
      "vllm:kv_block_lifetime_seconds_count",
      sumOf(samples, "vllm:kv_block_lifetime_seconds_count"),
      ours.evictions,
      sampled,
    ),
    row(
      "mean life of an evicted block",
      "s",
      "vllm:kv_block_lifetime_seconds",
      mean(samples, "vllm:kv_block_lifetime_seconds"),
      ours.evictedLifetime.mean(),
      sampled,
    ),
    row(
      "mean idle time of an evicted block",
      "s",
      "vllm:kv_block_idle_before_evict_seconds",
      mean(samples, "vllm:kv_block_idle_before_evict_seconds"),
      ours.evictedIdle.mean(),
      sampled,
    ),
  ];
}

function fromLog(log: LogCounts, ours: OwnCounts): (Compared | undefined)[] {
  const told = (count: number) => count > 0 ? count : undefined;
  const modes = new Set([...log.graphModes.keys()]);
  return [
    row(
      "steps in the log",
      "steps",
      "log: Iteration(…)",
      told(log.iterations),
      ours.batches,
      "lines that were not written when vLLM was ended are missing",
    ),
    row(
      "tokens of steps in the log",
      "tokens",
      "log: Iteration(…)",
      told(log.iterationTokens),
      ours.scheduledTokens,
      "lines that were not written when vLLM was ended are missing",
    ),
    ...[...modes].map((mode) =>
      row(
        `passes with CUDA graph mode ${mode}`,
        "passes",
        "log: CUDAGraph Stats",
        log.graphModes.get(mode),
        ours.graphModes.get(mode) ?? (ours.graphModes.size > 0 ? 0 : undefined),
        "vLLM prints them every few seconds, and not those since the last time",
      )
    ),
  ];
}

/** The highest value over the scrapes; of several engines the highest of any. */
async function peakOf(
  files: FileSystem,
  dir: string,
  metric: string,
): Promise<number | undefined> {
  const stream = await readCsv(files, `${dir}/${SCRAPED_VALUES}`);
  let peak: number | undefined;
  for await (const batch of stream?.batches ?? []) {
    for (const [, name, , value] of batch) {
      if (name === metric && Number(value) >= (peak ?? -Infinity)) peak = Number(value);
    }
  }
  return peak;
}

/** Families that no row is of. */
function others(samples: readonly Sample[], rows: readonly Compared[]): string[] {
  const family = (name: string) => name.replace(/_(total|bucket|count|sum|created|info)$/, "");
  const compared = new Set(rows.map(({ metric }) => family(metric)));
  const found = samples.map(({ name }) => family(name))
    .filter((name) => name.startsWith("vllm:") && !compared.has(name));
  return [...new Set(found)].sort();
}
