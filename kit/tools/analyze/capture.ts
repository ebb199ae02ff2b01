/**
 * `vscope analyze` of captures: their tables on a terminal.
 *
 * @module
 */

import type { Comparison } from "../../analysis/capture/compare.ts";
import type { CaptureAnalysis, RankRow } from "../../analysis/capture/model.ts";
import { nsysTables } from "./nsys_tables.ts";
import { findingsText, textTable } from "./text_table.ts";

/** So many kernels are shown; `--csv kernels` has all. */
const MOST_ROWS = 15;

const MOST_LETTERS = 60;

const ms = (ns: number) => (ns / 1e6).toFixed(3);
const us = (ns: number) => (ns / 1e3).toFixed(1);
const share = (value: number) => `${(100 * value).toFixed(1)} %`;

/** The most important tables of a capture. */
export async function captureText(analysis: CaptureAnalysis): Promise<string> {
  if (analysis.kind === "vllm-log") return await (await import("./log_text.ts")).logText(analysis);
  if (analysis.kind === "ncu") return await (await import("./ncu_text.ts")).ncuText(analysis);
  const { gpu, iterations, cuda_graphs, launch_bound, communication } = analysis;
  const parts = [analysis.sources.map(({ path }) => path).join("\n")];
  if (gpu) {
    parts.push(
      `GPU: ${gpu.kernel_count} kernels, ${ms(gpu.kernel_time_ns)} ms; busy ${
        ms(gpu.busy_time_ns)
      } of ${ms(gpu.span_ns)} ms, idle ${share(gpu.idle_share)}`,
    );
  }
  if (iterations) {
    const { count, prefill, decode, mixed, elapsed_ms } = iterations;
    const phases = prefill === undefined
      ? ""
      : ` (${prefill} prefill, ${decode} decode, ${mixed} mixed)`;
    parts.push(
      `Steps: ${count}${phases}, host p50 ${elapsed_ms.p50.toFixed(3)} ms, p95 ${
        elapsed_ms.p95.toFixed(3)
      } ms`,
    );
  }
  if (cuda_graphs) parts.push(`In CUDA graphs: ${share(cuda_graphs.coverage)} of kernels`);
  if (launch_bound) parts.push(`Waiting for launches: ${share(launch_bound.share)} of the time`);
  if (communication) {
    parts.push(
      `Communication: ${ms(communication.busy_ns)} ms, ${
        share(communication.overlap_share)
      } of it hidden`,
    );
  }
  return [
    parts.join("\n"),
    ...await tables(analysis),
    ...(analysis.kind === "nsys" ? nsysTables(analysis) : []),
    ...findingsText(analysis.findings),
  ].join("\n\n");
}

async function tables(analysis: CaptureAnalysis): Promise<string[]> {
  const made: string[] = [];
  const add = async (
    head: readonly string[],
    rows: readonly (readonly (string | number)[])[] | undefined,
  ) => {
    if (rows && rows.length > 0) made.push(await textTable(head, rows.slice(0, MOST_ROWS)));
  };
  await add(
    ["category", "kernels", "ms", "share"],
    analysis.categories?.map((row) => [
      row.category,
      row.count,
      ms(row.total_ns),
      share(row.share),
    ]),
  );
  await add(
    ["phase", "steps", "kernels", "GPU ms"],
    analysis.phases?.map((row) => [
      row.phase,
      row.iterations,
      row.kernels ?? "",
      row.gpu_ns === undefined ? "" : ms(row.gpu_ns),
    ]),
  );
  // An nsys export has this table, whole, under nsys' own columns.
  await add(
    ["kernel", "category", "count", "ms", "median µs"],
    (analysis.kind === "nsys" ? undefined : analysis.kernels)?.map((row) => [
      short(row.name),
      row.category,
      row.count,
      ms(row.total_ns),
      us(row.median_ns),
    ]),
  );
  await add(
    ["idle because of", "gaps", "ms", "share"],
    analysis.idle?.map((row) => [row.cause, row.gaps, ms(row.total_ns), share(row.share)]),
  );
  await add(
    ["rank", "compute ms", "communication ms", "steps", ""],
    analysis.ranks?.map((row) => [
      rankName(row),
      row.compute_ns === undefined ? "" : ms(row.compute_ns),
      row.communication_ns === undefined ? "" : ms(row.communication_ns),
      row.iterations ?? "",
      row.slowest ? "slowest" : "",
    ]),
  );
  if (!analysis.gpu) {
    await add(
      ["CPU operator", "category", "count", "own ms", "total ms"],
      analysis.cpu_operators?.toSorted((a, b) => (b.self_ns ?? 0) - (a.self_ns ?? 0)).map((
        row,
      ) => [
        short(row.name),
        row.category,
        row.count,
        row.self_ns === undefined ? "" : ms(row.self_ns),
        ms(row.total_ns),
      ]),
    );
  }
  return made;
}

/** A rank's number; where there is none, its process or file. */
function rankName({ rank, pid, process, path }: RankRow): string | number {
  return rank ?? (pid === undefined ? path : `${process ?? "process"} ${pid}`);
}

/** Two captures side by side. */
export async function comparisonText(comparison: Comparison): Promise<string> {
  const { per, totals, categories, kernels, findings } = comparison;
  const change = per === "iteration" ? "change a step, ms" : "change, ms";
  const time = (ns: number | undefined) => ns === undefined ? "" : ms(ns);
  const figure = (value: number | undefined) =>
    value === undefined ? "" : Number(value.toPrecision(6)).toLocaleString("en");
  const ratio = (value: number | undefined) => value === undefined ? "" : value.toFixed(3);
  const paths = (sources: Comparison["sources"]["a"]) => sources.map(({ path }) => path).join(", ");
  return [
    `A: ${paths(comparison.sources.a)}\nB: ${paths(comparison.sources.b)}`,
    await textTable(
      ["", "A", "B", "B / A"],
      totals.map(({ metric, a, b, ...row }) => [metric, figure(a), figure(b), ratio(row.ratio)]),
    ),
    ...await someRows(
      ["category", "A ms", "B ms", change, "B / A"],
      categories.map((row) => [
        row.category,
        time(row.a_ns),
        time(row.b_ns),
        ms(row.change_ns),
        ratio(row.ratio),
      ]),
    ),
    ...await someRows(
      ["kernel", "A ms", "B ms", change, "B / A"],
      kernels.slice(0, MOST_ROWS).map((row) => [
        short(row.name),
        time(row.a_ns),
        time(row.b_ns),
        ms(row.change_ns),
        ratio(row.ratio),
      ]),
    ),
    ...findingsText(findings),
  ].join("\n\n");
}

/** A table, where it has a row. */
async function someRows(...[head, rows]: Parameters<typeof textTable>): Promise<string[]> {
  return rows.length > 0 ? [await textTable(head, rows)] : [];
}

function short(name: string): string {
  return name.length <= MOST_LETTERS ? name : `${name.slice(0, MOST_LETTERS - 1)}…`;
}
