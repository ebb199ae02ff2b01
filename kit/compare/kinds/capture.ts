/**
 * The figures of a capture: of its analysis, whatever tool made it.
 *
 * @module
 */

import type { CaptureAnalysis, StepRow } from "../../analysis/capture/model.ts";
import { analysisOf } from "../../analysis/capture/stored.ts";
import type { Manifest } from "../../bundle/manifest.ts";
import type { FileSystem } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";
import type { Fact, Figure, FigureName, KindFigures, MatchedRows } from "../figure.ts";
import { SeriesByName, single } from "../series.ts";

type About = Omit<FigureName, "metric">;

const MS: About = { unit: "ms", better: "lower", scale: "ratio" };
const NS: About = { unit: "ns", better: "lower", scale: "ratio" };
const COUNT: About = { unit: "", scale: "difference" };
const PERCENT: About = { unit: "%", scale: "difference" };

/** Reads the analysis of a capture, or makes it. Needs read permission. */
export async function captureFigures(
  files: FileSystem,
  dir: string,
  manifest: Manifest,
): Promise<KindFigures> {
  const { analysis, reason } = await analysisOf(files, dir, manifest);
  if (!analysis) {
    throw new UsageError(
      `Cannot compare "${dir}": ${reason ?? "it holds no analysis and no capture to make one of"}`,
    );
  }
  return {
    facts: factsOf(analysis),
    figures: [
      ...stepFigures(analysis.steps ?? []),
      ...totals(analysis),
      ...rowFigures(analysis),
      ...ncuFigures(analysis),
    ],
    matched: matchedOf(analysis),
    leftOut: (analysis.partial ?? []).map(({ path, reason }) => `${path}: ${reason}`),
  };
}

function factsOf({ iterations, ncu_kernels, environment }: CaptureAnalysis): Fact[] {
  const load = { steps: iterations?.count, ...tokensOf(iterations) };
  const clocks = (ncu_kernels ?? []).map(({ sm_ghz }) => sm_ghz)
    .filter((value) => value !== undefined);
  const ghz = clocks.reduce((sum, value) => sum + value, 0) / clocks.length;
  return [
    ...Object.entries(load).flatMap(([name, value]): Fact[] =>
      value === undefined ? [] : [{ subject: "load", name, value }]
    ),
    ...(clocks.length === 0
      ? []
      : [{ subject: "clocks" as const, name: "sm_ghz", value: Number(ghz.toFixed(2)) }]),
    ...(environment?.nsys_version === undefined
      ? []
      : [{ subject: "driver" as const, name: "nsys", value: environment.nsys_version }]),
  ];
}

function tokensOf(iterations: CaptureAnalysis["iterations"]) {
  return {
    context_tokens: iterations?.context_tokens,
    generation_tokens: iterations?.generation_tokens,
  };
}

/** Times of the steps by phase. */
function stepFigures(steps: readonly StepRow[]): Figure[] {
  const times = new SeriesByName();
  for (const { phase, elapsed_ns, gpu_ns } of steps) {
    if (phase === "idle") continue;
    times.add(`${phase ?? "any"}_ms`, elapsed_ns / 1e6);
    if (gpu_ns !== undefined) times.add(`${phase ?? "any"}_gpu_ms`, gpu_ns / 1e6);
  }
  return times.figures("steps", ["mean", "p50", "p95"], MS);
}

function totals(analysis: CaptureAnalysis): Figure[] {
  const { gpu, iterations, launch_bound, cuda_graphs, communication } = analysis;
  const lower = { ...PERCENT, better: "lower" as const };
  const percent = (share: number | undefined) => share === undefined ? undefined : 100 * share;
  const steps = iterations?.count;
  const aStep = (total: number | undefined) =>
    total === undefined || !steps ? undefined : total / steps;
  return [
    ...single("gpu.kernels_a_step", aStep(gpu?.kernel_count), COUNT),
    ...single("gpu.kernel_ms_a_step", aStep(gpu && gpu.kernel_time_ns / 1e6), MS),
    ...single("gpu.idle_pct", percent(gpu?.idle_share), lower),
    ...single("gpu.launch_bound_pct", percent(launch_bound?.share), lower),
    ...single("gpu.in_cuda_graphs_pct", percent(cuda_graphs?.coverage), {
      ...PERCENT,
      better: "higher",
    }),
    ...single(
      "gpu.exposed_communication_ms_a_step",
      aStep(
        communication && communication.exposed_ns / 1e6,
      ),
      MS,
    ),
    ...(analysis.categories ?? []).flatMap(({ category, total_ns }) =>
      single(`categories.${category}.ms_a_step`, aStep(total_ns / 1e6), MS)
    ),
    ...(analysis.cpu_categories ?? []).flatMap(({ category, self_ns }) =>
      single(`cpu_categories.${category}.ms_a_step`, aStep(self_ns / 1e6), MS)
    ),
  ];
}

/** Rows of tables that have a mean and a deviation: kernels, operators, copies, calls. */
function rowFigures(analysis: CaptureAnalysis): Figure[] {
  const tables = {
    kernels: analysis.kernels,
    cpu_operators: analysis.gpu ? undefined : analysis.cpu_operators,
    cuda_api: analysis.cuda_api,
    memcpy: analysis.memcpy?.map((row) => ({ ...row, name: row.kind })),
  };
  const steps = analysis.iterations?.count;
  return Object.entries(tables).flatMap(([table, rows]) =>
    (rows ?? []).flatMap(({ name, count, total_ns, stddev_ns }): Figure[] => {
      const mean = total_ns / count;
      if (!(mean > 0)) return [];
      const within = stddev_ns === undefined || count < 2 ? undefined : {
        error: stddev_ns / mean / Math.sqrt(count),
        freedom: count - 1,
      };
      return [
        { ...NS, metric: `${table}.${name}.avg_ns`, value: mean, ...(within ? { within } : {}) },
        // Captures are of different lengths.
        ...single(
          `${table}.${name}.${steps ? "count_a_step" : "count"}`,
          count / (steps || 1),
          COUNT,
        ),
      ];
    })
  );
}

function ncuFigures({ ncu_by_category }: CaptureAnalysis): Figure[] {
  const higher = { ...PERCENT, better: "higher" as const };
  return (ncu_by_category ?? []).flatMap((row) => [
    ...single(`ncu.${row.category}.dram_pct`, row.dram_pct, PERCENT),
    ...single(`ncu.${row.category}.sm_pct`, row.sm_pct, PERCENT),
    ...single(`ncu.${row.category}.occupancy_pct`, row.occupancy_pct, PERCENT),
    ...single(`ncu.${row.category}.roofline_pct`, row.roofline_pct, higher),
  ]);
}

/** Times of what runs in both, one ratio for all: kernels, and where there is no GPU, operators. */
function matchedOf(analysis: CaptureAnalysis): MatchedRows[] {
  const table = analysis.kernels ? "kernels" : "cpu_operators";
  const rows = (analysis.kernels ?? analysis.cpu_operators ?? [])
    .filter(({ total_ns }) => total_ns > 0)
    .map(({ name, total_ns, count }) => [name, total_ns / count] as const);
  if (rows.length === 0) return [];
  return [{ ...NS, metric: `${table}.common_avg_ns`, rows: new Map(rows) }];
}
