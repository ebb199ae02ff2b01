/**
 * From tables and files to the document of `vscope analyze`.
 *
 * @module
 */

import { Samples } from "../../bundle/merge/samples.ts";
import type { IdleCause, IdleRow, LaunchBound } from "../capture/idle_model.ts";
import {
  type CallRow,
  type CaptureAnalysis,
  type CaptureKind,
  CATEGORIES,
  type Category,
  type CategoryRow,
  type Communication,
  type CudaGraphs,
  type Iterations,
  type KernelPathRow,
  type KernelRow,
  type MemcpyRow,
  type Milliseconds,
  type Missing,
  type OperatorCategoryRow,
  type OperatorRow,
  type Phase,
  type PhaseCategoryRow,
  type PhaseRow,
  type RankRow,
  type Source,
  type Spread,
} from "../capture/model.ts";
import { findCaptureFindings } from "../capture/capture_findings.ts";
import { type FileSummary, totalsOf } from "./file_summary.ts";
import type { Durations, DurationTable } from "./durations.ts";
import type { Names } from "./names.ts";
import type { Tables } from "./tables.ts";

const MOST_PATHS = 2000;
const MOST_GAPS = 20;
const PHASES: readonly Phase[] = ["prefill", "decode", "mixed", "other"];

type Part<Name extends keyof CaptureAnalysis> = Pick<CaptureAnalysis, Name> | Record<string, never>;

/** What a document is made of. */
export interface DocumentParts {
  readonly kind: CaptureKind;
  readonly tables: Tables;
  readonly sources: readonly Source[];
  /** A summary of each file. */
  readonly files: readonly FileSummary[];
  readonly partial: readonly Missing[];
  /** Rows that stand beside each other; one alone is not shown. */
  readonly ranks: readonly RankRow[];
  /** What only this kind of capture tells. */
  readonly further?: Partial<CaptureAnalysis>;
}

/** The document. */
export function assemble(
  { kind, tables, sources, files: ranks, partial, ranks: rows, further = {} }: DocumentParts,
): CaptureAnalysis {
  const stepped = ranks.find(({ result }) => result.steps.length > 0);
  const timeline = ranks.find((rank) => rank.timeline)?.timeline;
  const document: CaptureAnalysis = {
    schema_version: 1,
    kind,
    sources,
    ...(partial.length > 0 ? { partial } : {}),
    ...gpuParts(tables, ranks, stepped),
    ...(stepped ? { iterations: iterationsOf(stepped) } : {}),
    ...(stepped && knowsPhases(stepped) ? { phases: phaseRows(ranks, stepped) } : {}),
    ...copies(tables),
    ...list("cuda_api", callRows(tables.names, tables.calls)),
    ...list("nvtx", callRows(tables.names, tables.ranges)),
    ...operatorParts(tables, ranks.some(({ result }) => result.operatorsDisordered)),
    environment: Object.assign({}, ...ranks.map(({ environment }) => environment)),
    ...(stepped ? { steps: stepped.steps } : {}),
    ...(rows.length > 1 ? { ranks: rows } : {}),
    ...(timeline ? { timeline } : {}),
    ...further,
    findings: [],
  };
  return { ...document, findings: findCaptureFindings(document) };
}

/** A table under its name, or nothing when it has no row. */
function list<Name extends keyof CaptureAnalysis>(
  name: Name,
  rows: readonly unknown[],
): Part<Name> {
  return rows.length > 0 ? { [name]: rows } as unknown as Part<Name> : {};
}

function gpuParts(
  tables: Tables,
  ranks: readonly FileSummary[],
  stepped: FileSummary | undefined,
): Partial<CaptureAnalysis> {
  const times = ranks.flatMap((rank) => rank.times);
  if (times.length === 0) return {};
  const gpu = totalsOf(times);
  const kernels = kernelRows(tables);
  const sum = (pick: (rank: FileSummary) => number) =>
    ranks.reduce((total, rank) => total + pick(rank), 0);
  const swept = (pick: (swept: FileSummary["result"]["swept"]) => number) =>
    sum(({ result }) => pick(result.swept));
  const [graphKernels, graphs] = [
    swept(({ graphKernels }) => graphKernels),
    sum(({ result }) => result.graphs),
  ];
  const cudaGraphs: CudaGraphs = {
    kernels_in_graphs: graphKernels,
    kernels_total: gpu.kernel_count,
    coverage: graphKernels / gpu.kernel_count,
    ...(graphs > 0 ? { graphs } : {}),
    launches: sum(({ result }) => result.graphLaunches),
    gpu_ns: swept(({ graphTime }) => graphTime),
  };
  return {
    gpu,
    ...(kernels.length > 0 ? { kernels, categories: categoryRows(kernels) } : {}),
    ...(stepped && knowsPhases(stepped) ? { categories_by_phase: phaseCategories(ranks) } : {}),
    // What ran in graphs that were recorded as a whole is not known.
    ...(ranks.some(({ result }) => result.graphTime) ? {} : { cuda_graphs: cudaGraphs }),
    devices: ranks.flatMap(({ devices }) => devices),
    ...list("idle", idleRows(ranks)),
    ...list(
      "gaps",
      ranks.flatMap(({ gaps }) => gaps).sort((a, b) => b.duration_ns - a.duration_ns)
        .slice(0, MOST_GAPS),
    ),
    ...launchBound(ranks, gpu.span_ns),
    ...communication(ranks),
    ...list("kernel_paths", pathRows(tables, ranks)),
  };
}

function kernelRows(tables: Tables): KernelRow[] {
  return [...tables.kernels.entries()].map(([name, durations]) => ({
    name: tables.names.text(name),
    category: tables.category(name),
    count: durations.count,
    total_ns: durations.total,
    avg_ns: durations.total / durations.count,
    median_ns: durations.median(),
    min_ns: durations.min,
    max_ns: durations.max,
    stddev_ns: durations.deviation(),
    ...(durations.medianWithin > 0 ? { median_within_ns: durations.medianWithin } : {}),
  })).sort((a, b) => b.total_ns - a.total_ns);
}

function categoryRows(kernels: readonly KernelRow[]): CategoryRow[] {
  const sums = new Map<Category, { count: number; total: number }>();
  let all = 0;
  for (const { category, count, total_ns } of kernels) {
    const sum = sums.get(category) ?? { count: 0, total: 0 };
    sum.count += count;
    sum.total += total_ns;
    all += total_ns;
    sums.set(category, sum);
  }
  // The unclassified share is always shown.
  if (!sums.has("other")) sums.set("other", { count: 0, total: 0 });
  return [...sums].map(([category, { count, total }]) => ({
    category,
    count,
    total_ns: total,
    share: all > 0 ? total / all : 0,
  })).sort((a, b) => b.total_ns - a.total_ns);
}

/** Calls or ranges by total time, falling. */
export function callRows(names: Names, table: DurationTable): CallRow[] {
  return [...table.entries()].map(([name, durations]) => ({
    name: names.text(name),
    count: durations.count,
    total_ns: durations.total,
    median_ns: durations.median(),
    max_ns: durations.max,
    avg_ns: durations.total / durations.count,
    min_ns: durations.min,
    stddev_ns: durations.deviation(),
    ...(durations.medianWithin > 0 ? { median_within_ns: durations.medianWithin } : {}),
  })).sort((a, b) => b.total_ns - a.total_ns);
}

function operatorParts(tables: Tables, disordered: boolean): Partial<CaptureAnalysis> {
  const own = new Map(
    [...tables.operators.entries()].map(([name]) => [tables.names.text(name), name]),
  );
  const rows: OperatorRow[] = callRows(tables.names, tables.operators).map((row) => {
    const name = own.get(row.name)!;
    return {
      ...row,
      category: tables.category(name),
      ...(disordered ? {} : { self_ns: tables.ownTime[name]! }),
    };
  });
  if (rows.length === 0) return {};
  const all = rows.reduce((sum, { self_ns = 0 }) => sum + self_ns, 0);
  const categories: OperatorCategoryRow[] = disordered ? [] : CATEGORIES.flatMap((category) => {
    const same = rows.filter((row) => row.category === category);
    if (same.length === 0 && category !== "other") return [];
    const self = same.reduce((sum, { self_ns = 0 }) => sum + self_ns, 0);
    return {
      category,
      count: same.reduce((sum, { count }) => sum + count, 0),
      self_ns: self,
      share: all > 0 ? self / all : 0,
    };
  }).sort((a, b) => b.self_ns - a.self_ns);
  return { cpu_operators: rows, ...list("cpu_categories", categories) };
}

function copies(tables: Tables): Part<"memcpy"> {
  const rows = [...tables.copies].map(([kind, { times, sizes }]): MemcpyRow => ({
    kind,
    count: times.count,
    total_ns: times.total,
    ...(sizes.count === times.count ? { bytes: sizes.total } : {}),
    ...spread(times, "ns"),
    ...(sizes.count === times.count ? spread(sizes, "bytes") : {}),
  })).sort((a, b) => b.total_ns - a.total_ns);
  return list("memcpy", rows);
}

function spread<Unit extends "ns" | "bytes">(of: Durations, unit: Unit): Spread<Unit> {
  return {
    [`avg_${unit}`]: of.total / of.count,
    [`median_${unit}`]: of.median(),
    [`min_${unit}`]: of.min,
    [`max_${unit}`]: of.max,
    [`stddev_${unit}`]: of.deviation(),
  } as Spread<Unit>;
}

function knowsPhases({ result: { steps } }: FileSummary): boolean {
  return steps.some(({ told }) => told.phase !== undefined);
}

function iterationsOf(rank: FileSummary): Iterations {
  const { steps } = rank.result;
  const { source } = steps[0]!.told;
  const count = (phase: string) => steps.filter(({ told }) => told.phase === phase).length;
  const tokens = (key: "contextTokens" | "generationTokens") =>
    steps.reduce((sum, { told }) => sum + (told[key] ?? 0), 0);
  const periods = steps.slice(1).map(({ start }, place) => (start - steps[place]!.start) / 1e6);
  return {
    count: steps.length,
    ...(knowsPhases(rank)
      ? {
        prefill: count("prefill"),
        decode: count("decode"),
        mixed: count("mixed"),
        idle: count("idle"),
        context_tokens: tokens("contextTokens"),
        generation_tokens: tokens("generationTokens"),
      }
      : {}),
    elapsed_ms: milliseconds(steps.map(({ start, end }) => (end - start) / 1e6))!,
    ...(periods.length > 0 ? { period_ms: milliseconds(periods)! } : {}),
    source,
    ...(knowsPhases(rank) ? { phase_source: "annotated" as const } : {}),
  };
}

function milliseconds(values: readonly number[]): Milliseconds | undefined {
  const found = Samples.of(values).statistics();
  if (!found) return undefined;
  const { mean, p50, p95, p99, max } = found;
  return { mean, p50, p95, p99, max };
}

function phaseRows(ranks: readonly FileSummary[], stepped: FileSummary): PhaseRow[] {
  const onGpu = ranks.some(({ times }) => times.length > 0);
  return PHASES.flatMap((phase) => {
    const iterations = stepped.result.steps.filter(({ told }) => told.phase === phase).length;
    let kernels = 0;
    let time = 0;
    for (const { result } of ranks) {
      time += result.graphTime?.get(phase) ?? 0;
      for (const { count, total } of result.phases.get(phase)?.values() ?? []) {
        kernels += count;
        time += total;
      }
    }
    return iterations > 0 || time > 0
      ? [{ phase, iterations, ...(onGpu ? { gpu_ns: time, kernels } : {}) }]
      : [];
  });
}

function phaseCategories(ranks: readonly FileSummary[]): PhaseCategoryRow[] {
  return PHASES.flatMap((phase) =>
    CATEGORIES.flatMap((category) => {
      const sums = ranks.flatMap(({ result }) => result.phases.get(phase)?.get(category) ?? []);
      if (sums.length === 0) return [];
      return [{
        phase,
        category,
        count: sums.reduce((sum, { count }) => sum + count, 0),
        total_ns: sums.reduce((sum, { total }) => sum + total, 0),
      }];
    })
  );
}

function idleRows(ranks: readonly FileSummary[]): IdleRow[] {
  const sums = new Map<IdleCause, { gaps: number; total: number }>();
  for (const [cause, { gaps, total }] of ranks.flatMap(({ idle }) => [...idle])) {
    const sum = sums.get(cause) ?? { gaps: 0, total: 0 };
    sums.set(cause, { gaps: sum.gaps + gaps, total: sum.total + total });
  }
  const all = [...sums.values()].reduce((sum, { total }) => sum + total, 0);
  return [...sums].map(([cause, { gaps, total }]) => ({
    cause,
    gaps,
    total_ns: total,
    share: total / all,
  })).sort((a, b) => b.total_ns - a.total_ns);
}

function launchBound(ranks: readonly FileSummary[], span: number): Part<"launch_bound"> {
  const swept = ranks.map(({ result }) => result.swept);
  const sum = (pick: (one: (typeof swept)[number]) => number) =>
    swept.reduce((total, one) => total + pick(one), 0);
  const launches = sum((one) => one.launches);
  if (launches === 0 || span === 0) return {};
  const waiting = sum((one) => one.waiting);
  const [first] = swept.filter(({ delays }) => delays.count > 0);
  const found: LaunchBound = {
    share: waiting / span,
    waiting_ns: waiting,
    launches_on_idle: sum((one) => one.launchesOnIdle),
    launches,
    // Of the first rank: medians of several ranks cannot be put together.
    ...(first ? { delay_median_ns: first.delays.median() } : {}),
  };
  return { launch_bound: found };
}

function communication(ranks: readonly FileSummary[]): Part<"communication"> {
  const times = ranks.flatMap((rank) => rank.times);
  const sum = (pick: (time: (typeof times)[number]) => number) =>
    times.reduce((total, time) => total + pick(time), 0);
  const count = sum((time) => time.communication);
  if (count === 0) return {};
  const busy = sum((time) => time.communicationBusy);
  const overlapped = sum((time) => time.communicationBusy + time.computeBusy - time.busy);
  const found: Communication = {
    count,
    total_ns: sum((time) => time.communicationTime),
    busy_ns: busy,
    overlapped_ns: overlapped,
    exposed_ns: busy - overlapped,
    overlap_share: busy > 0 ? overlapped / busy : 0,
  };
  return { communication: found };
}

function pathRows(tables: Tables, ranks: readonly FileSummary[]): KernelPathRow[] {
  const sums = new Map<string, KernelPathRow & { count: number; total_ns: number }>();
  for (const path of ranks.flatMap(({ result }) => [...result.paths.values()])) {
    const { kernel, operator, module, count, total } = path;
    const key = `${kernel} ${operator} ${module ?? ""}`;
    const sum = sums.get(key);
    sums.set(key, {
      kernel: tables.names.text(kernel),
      category: tables.category(kernel),
      ...(operator < 0 ? {} : { operator: tables.names.text(operator) }),
      ...(module === undefined ? {} : { module }),
      count: (sum?.count ?? 0) + count,
      total_ns: (sum?.total_ns ?? 0) + total,
    });
  }
  return [...sums.values()].sort((a, b) => b.total_ns - a.total_ns).slice(0, MOST_PATHS);
}
