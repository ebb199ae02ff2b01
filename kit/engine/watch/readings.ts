/**
 * What the view shows of a session: names, values, how good they are, and points for a small chart.
 *
 * @module
 */

import type { LiveFigures } from "../../analysis/live/live_figures.ts";
import type { LiveSession } from "../../analysis/live/live_session.ts";
import { read, type Reading, type TimeSeries } from "../../analysis/live/time_series.ts";
import { THRESHOLDS } from "../../analysis/thresholds.ts";
import { figure, withUnit } from "./words.ts";

/** The time that charts and values are of. */
export type Window = "recent" | "whole";

/** How a value is to be taken. */
export type Tone = "plain" | "good" | "notice" | "bad";

/** A line of the view. */
export interface Shown {
  /** What several lines belong to; stands before the first of them. */
  readonly group: string;
  readonly name: string;
  readonly value: string;
  readonly tone: Tone;
  /** Said behind the chart. */
  readonly note: string;
  /** The chart's points, so many at most. */
  points(count: number): (number | undefined)[];
  /** What a full bar stands for; the largest point where absent. */
  readonly top?: number;
}

/** Seconds that a value of the moment is taken over. */
export const MOMENT_SEC = 10;

/** A value of a series: of the last seconds while the session runs, else of all of it. */
export function valueOf(
  live: LiveSession,
  series: TimeSeries,
  reading: Reading,
): number | undefined {
  const { firstSec, lastSec } = live.figures;
  if (live.ended) return read(series.total, reading, Math.max(1, lastSec - firstSec));
  const bucket = series.over(live.now, MOMENT_SEC);
  if (reading === "sum" && series.total.count > 0) return bucket.sum / MOMENT_SEC;
  return read(bucket, reading, MOMENT_SEC);
}

/** The band of KV use that a value is in, by the seeds' health bands. */
export function kvBand(pct: number): { name: string; tone: Tone } {
  const { kvLow, kvGoodFrom, kvGoodTo, kvHigh } = THRESHOLDS;
  if (pct < kvLow.value) return { name: "low", tone: "plain" };
  if (pct < kvGoodFrom.value) return { name: "moderate", tone: "plain" };
  if (pct <= kvGoodTo.value) return { name: "good", tone: "good" };
  return pct <= kvHigh.value ? { name: "high", tone: "notice" } : { name: "critical", tone: "bad" };
}

/** The lines of the overview, from top to bottom; what was not recorded is left out. */
export function overview(live: LiveSession, window: Window): Shown[] {
  const { figures } = live;
  const { series } = figures;
  const line = lineMaker(live, window);
  const peak = (of: TimeSeries, unit: string) =>
    of.total.count ? `peak ${withUnit(of.total.max, unit)}` : "";
  return [
    line("Throughput", "prompt", series.promptTokens, "sum", "tok/s", {
      note: total(series.promptTokens, "tokens"),
    }),
    line("Throughput", "generated", series.generatedTokens, "sum", "tok/s", {
      note: total(series.generatedTokens, "tokens"),
    }),
    ...(["prefill", "decode", "mixed"] as const).map((phase) =>
      line("Forward pass", phase, series[phase], "mean", "ms", {
        note: series[phase].total.count
          ? `${passes(series[phase].total.count)}, ${peak(series[phase], "ms")}`
          : "",
      })
    ),
    line("KV cache", "in use", series.kvPct, "max", "%", {
      ...kvOf(live),
      top: 100,
    }),
    ...batch(live, line),
    ...requests(live, line),
    line("CUDA graphs", "coverage", series.graphPct, "mean", "%", {
      top: 100,
      note: graphNote(figures),
      tone: coverageTone(valueOf(live, series.graphPct, "mean")),
    }),
    line("Experts", "deviation", series.expertDeviation, "mean", "of mean", {
      note: expertNote(live),
      tone: above(
        valueOf(live, series.expertDeviation, "mean"),
        THRESHOLDS.expertDeviation.value,
      ),
    }),
    ...own(live, line),
  ].filter((shown) => shown !== undefined);
}

type LineMaker = ReturnType<typeof lineMaker>;

function lineMaker(live: LiveSession, window: Window) {
  return (
    group: string,
    name: string,
    series: TimeSeries,
    reading: Reading,
    unit: string,
    more: { note?: string; tone?: Tone; top?: number; value?: string; always?: boolean } = {},
  ): Shown | undefined => {
    if (series.total.count === 0 && !more.always) return undefined;
    return {
      group,
      name,
      value: more.value ?? withUnit(valueOf(live, series, reading), unit),
      tone: more.tone ?? "plain",
      note: more.note ?? "",
      ...(more.top === undefined ? {} : { top: more.top }),
      points: (count) =>
        window === "recent"
          ? series.recent(live.now, count, reading)
          : series.whole(live.figures.firstSec, live.figures.lastSec + 1, count, reading),
    };
  };
}

function total(series: TimeSeries, unit: string): string {
  return `${figure(series.total.sum)} ${unit}`;
}

function kvOf({ figures }: LiveSession): { value: string; note: string; tone: Tone } {
  const [used, all] = [figures.sum("usedBlocks"), figures.sum("totalBlocks")];
  const pct = used !== undefined && all ? 100 * used / all : undefined;
  const band = kvBand(pct ?? 0);
  const most = figures.series.kvPct.total.max;
  return {
    value: `${withUnit(pct, "%")} ${band.name}`,
    tone: band.tone,
    note: `${figure(used)} of ${figure(all)} blocks, peak ${figure(most)} % ${kvBand(most).name}`,
  };
}

function batch(live: LiveSession, line: LineMaker): (Shown | undefined)[] {
  const { figures } = live;
  const { series } = figures;
  const waiting = figures.sum("waiting");
  const tokens = valueOf(live, series.tokenPct, "mean");
  return [
    line("Batch", "running", series.running, "max", "", {
      value: `${figure(figures.sum("running"))} of ${figure(figures.sum("maxSeqs"))}`,
      note: `${figure(series.seqPct.total.count)} batches`,
    }),
    line("Batch", "waiting", series.waiting, "max", "", {
      value: figure(waiting),
      tone: (waiting ?? 0) > 0 ? "notice" : "plain",
      note: `longest queue ${figure(series.waiting.total.max)}`,
    }),
    line("Batch", "token budget", series.tokenPct, "mean", "%", {
      top: 100,
      note: (tokens ?? 100) < THRESHOLDS.tokenUtilizationLow.value
        ? `below ${THRESHOLDS.tokenUtilizationLow.value} %: room for more`
        : "",
    }),
  ];
}

function requests(live: LiveSession, line: LineMaker): (Shown | undefined)[] {
  const { series } = live.figures;
  const { ttft, tpot } = live.figures.requestTimes();
  const times = ttft
    ? `TTFT p50 ${figure(ttft.p50)} p95 ${figure(ttft.p95)} ms` +
      (tpot ? `, TPOT ${figure(tpot.p50)} ms` : "")
    : "";
  const always = series.promptTokens.total.count > 0;
  const preempted = series.preemptions.total.count;
  return [
    line("Requests", "finished", series.finished, "sum", "/s", {
      always,
      value: `${figure(series.finished.total.sum)}, ${live.requestsAlive} alive`,
      note: times,
    }),
    line("Requests", "preemptions", series.preemptions, "sum", "", {
      always,
      value: figure(preempted),
      tone: preempted > 0 ? "notice" : "plain",
      note: series.evictions.total.count
        ? `${figure(series.evictions.total.count)} cached blocks evicted`
        : "",
    }),
  ];
}

/** Lines of one table of the user's own profiler, at most. */
const OWN_LINES = 4;

function own({ figures }: LiveSession, line: LineMaker): (Shown | undefined)[] {
  return [...figures.own.values()].flatMap(({ table, rows, columns }) =>
    columns.slice(0, OWN_LINES).map(({ column, series }, place) =>
      line(within(table.name), within(column.name), series, "mean", column.unit ?? "", {
        note: place > 0 ? `peak ${figure(series.total.max)}` : `${figure(rows)} rows` +
          (columns.length > OWN_LINES ? `, ${columns.length - OWN_LINES} columns more` : ""),
      })
    )
  );
}

/** A name in the width of the view's columns. */
function within(name: string): string {
  return name.length <= 12 ? name : `${name.slice(0, 11)}…`;
}

function passes(count: number): string {
  return `${figure(count)} ${count === 1 ? "pass" : "passes"}`;
}

function graphNote({ series }: LiveFigures): string {
  const { sum, count } = series.graphPct.total;
  return count ? `${figure(sum / 100)} of ${passes(count)} replayed a graph` : "";
}

function coverageTone(pct: number | undefined): Tone {
  if (pct === undefined) return "plain";
  return pct >= THRESHOLDS.graphCoverage.value ? "good" : "notice";
}

function above(value: number | undefined, limit: number): Tone {
  return value !== undefined && value > limit ? "notice" : "plain";
}

/** The worst balanced layer, over the whole session. */
function expertNote(live: LiveSession): string {
  let worst: { layer: string; ratio: number } | undefined;
  for (const { labels, loads } of live.expertLoads) {
    const ratio = Math.max(...loads) / Math.min(...loads);
    if (!worst || ratio > worst.ratio) worst = { layer: labels["layer"] ?? "?", ratio };
  }
  if (!worst) return "";
  return Number.isFinite(worst.ratio)
    ? `largest over smallest load ${figure(worst.ratio)} (layer ${worst.layer})`
    : `layer ${worst.layer} has idle experts`;
}
