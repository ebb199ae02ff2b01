/**
 * Two captures side by side: kernels and categories matched by name, and what changed most.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";
import { type Finding, percent } from "../findings.ts";
import { LOG_METRICS } from "../vllm_log/log_totals.ts";
import type { CaptureAnalysis, CaptureKind, Category, Source } from "./model.ts";

/** A total of both captures; absent where a capture does not tell it. */
export interface TotalChange {
  readonly metric: string;
  readonly a?: number;
  readonly b?: number;
  /** b / a, where both are there and a is not 0. */
  readonly ratio?: number;
}

/** A row of both captures. `change_ns` is that of the time of a step where both tell their steps. */
export interface Change {
  readonly category: Category;
  readonly a_count?: number;
  readonly b_count?: number;
  readonly a_ns?: number;
  readonly b_ns?: number;
  readonly change_ns: number;
  readonly ratio?: number;
}

/** A kernel, or on a CPU an operator, of both captures. */
export interface NamedChange extends Change {
  readonly name: string;
  readonly a_avg_ns?: number;
  readonly b_avg_ns?: number;
}

/** The document of `vscope analyze --compare A B --json`. */
export interface Comparison {
  readonly schema_version: 1;
  readonly kind: "comparison";
  readonly compared: CaptureKind;
  readonly sources: { readonly a: readonly Source[]; readonly b: readonly Source[] };
  /** What times are per: of a step, where both captures tell their steps, else of the capture. */
  readonly per: "iteration" | "capture";
  readonly totals: readonly TotalChange[];
  /** By the size of the change, falling. */
  readonly categories: readonly Change[];
  /** Kernels; where there is no GPU, CPU operators by their own time. By the size of the change. */
  readonly kernels: readonly NamedChange[];
  readonly findings: readonly Finding[];
}

interface Row {
  readonly name: string;
  readonly category: Category;
  readonly count: number;
  readonly time: number;
}

/**
 * Compares two captures of one kind.
 *
 * @throws UsageError when the kinds differ, or one has a GPU and the other has none.
 */
export function compareCaptures(a: CaptureAnalysis, b: CaptureAnalysis): Comparison {
  const [first, second] = [a, b].map(({ sources }) => sources.map(({ path }) => path).join(", "));
  if (a.kind !== b.kind) {
    throw new UsageError(
      `Cannot compare "${first}" (${a.kind}) with "${second}" (${b.kind}): give two of one kind`,
    );
  }
  if (a.kind === "vllm-log") return compareLogs(a, b);
  const [rowsA, rowsB] = [rowsOf(a), rowsOf(b)];
  if (Boolean(a.kernels) !== Boolean(b.kernels) || !rowsA || !rowsB) {
    const without = !rowsA || !a.kernels ? first : second;
    throw new UsageError(
      `Cannot compare "${first}" with "${second}": "${without}" has no GPU kernels to compare`,
    );
  }
  const [stepsA, stepsB] = [a.iterations?.count, b.iterations?.count];
  const per = stepsA && stepsB ? "iteration" : "capture";
  const parts = per === "iteration" ? [stepsA!, stepsB!] as const : [1, 1] as const;
  const kernels = changes(rowsA, rowsB, parts, ({ name }) => name);
  return {
    schema_version: 1,
    kind: "comparison",
    compared: a.kind,
    sources: { a: a.sources, b: b.sources },
    per,
    totals: totals(a, b),
    categories: changes(rowsA, rowsB, parts, ({ category }) => category)
      .map(({ name: _name, a_avg_ns: _a, b_avg_ns: _b, ...row }) => row),
    kernels,
    findings: changeFindings(kernels, parts, rowsA, rowsB),
  };
}

/** Logs tell no kernels: their totals are compared. */
function compareLogs(a: CaptureAnalysis, b: CaptureAnalysis): Comparison {
  return {
    schema_version: 1,
    kind: "comparison",
    compared: a.kind,
    sources: { a: a.sources, b: b.sources },
    per: "capture",
    totals: totals(a, b),
    categories: [],
    kernels: [],
    findings: [],
  };
}

function rowsOf({ kernels, cpu_operators }: CaptureAnalysis): readonly Row[] | undefined {
  return kernels?.map(({ name, category, count, total_ns }) => ({
    name,
    category,
    count,
    time: total_ns,
  })) ??
    cpu_operators?.map(({ name, category, count, total_ns, self_ns }) => ({
      name,
      category,
      count,
      time: self_ns ?? total_ns,
    }));
}

function changes(
  a: readonly Row[],
  b: readonly Row[],
  [stepsA, stepsB]: readonly [number, number],
  keyOf: (row: Row) => string,
): NamedChange[] {
  const [before, after] = [summed(a, keyOf), summed(b, keyOf)];
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].map((key) => {
    const [left, right] = [before.get(key), after.get(key)];
    const [timeA, timeB] = [(left?.time ?? 0) / stepsA, (right?.time ?? 0) / stepsB];
    return {
      name: key,
      category: (left ?? right)!.category,
      ...(left ? { a_count: left.count, a_ns: left.time, a_avg_ns: left.time / left.count } : {}),
      ...(right
        ? { b_count: right.count, b_ns: right.time, b_avg_ns: right.time / right.count }
        : {}),
      change_ns: timeB - timeA,
      ...(left && right && timeA > 0 ? { ratio: timeB / timeA } : {}),
    };
  }).sort((x, y) => Math.abs(y.change_ns) - Math.abs(x.change_ns));
}

function summed(rows: readonly Row[], keyOf: (row: Row) => string): Map<string, Row> {
  const sums = new Map<string, Row>();
  for (const row of rows) {
    const key = keyOf(row);
    const sum = sums.get(key);
    sums.set(key, {
      ...row,
      count: row.count + (sum?.count ?? 0),
      time: row.time + (sum?.time ?? 0),
    });
  }
  return sums;
}

function totals(a: CaptureAnalysis, b: CaptureAnalysis): TotalChange[] {
  const metrics: Readonly<Record<string, (one: CaptureAnalysis) => number | undefined>> = {
    kernel_count: ({ gpu }) => gpu?.kernel_count,
    kernel_time_ns: ({ gpu }) => gpu?.kernel_time_ns,
    busy_time_ns: ({ gpu }) => gpu?.busy_time_ns,
    span_ns: ({ gpu }) => gpu?.span_ns,
    idle_share: ({ gpu }) => gpu?.idle_share,
    launch_bound_share: ({ launch_bound }) => launch_bound?.share,
    graph_coverage: ({ cuda_graphs }) => cuda_graphs?.coverage,
    exposed_communication_ns: ({ communication }) => communication?.exposed_ns,
    iterations: ({ iterations }) => iterations?.count,
    step_mean_ms: ({ iterations }) => iterations?.elapsed_ms.mean,
    step_p95_ms: ({ iterations }) => iterations?.elapsed_ms.p95,
    ...(a.kind === "vllm-log" ? LOG_METRICS : {}),
  };
  return Object.entries(metrics).flatMap(([metric, read]) => {
    const [left, right] = [read(a), read(b)];
    if (left === undefined && right === undefined) return [];
    return [{
      metric,
      ...(left === undefined ? {} : { a: left }),
      ...(right === undefined ? {} : { b: right }),
      ...(left && right !== undefined ? { ratio: right / left } : {}),
    }];
  });
}

function changeFindings(
  kernels: readonly NamedChange[],
  [stepsA, stepsB]: readonly [number, number],
  a: readonly Row[],
  b: readonly Row[],
): Finding[] {
  const sum = (rows: readonly Row[], steps: number) =>
    rows.reduce((total, { time }) => total + time, 0) / steps;
  const [before, after] = [sum(a, stepsA), sum(b, stepsB)];
  const [most] = kernels;
  if (!most || before === 0 || most.change_ns === 0) return [];
  const found: Finding[] = [{
    severity: "info",
    title: after > before ? "The second capture takes longer" : "The second capture is faster",
    evidence: `${(before / 1e6).toFixed(3)} ms against ${(after / 1e6).toFixed(3)} ms` +
      `${stepsA === 1 && stepsB === 1 ? "" : " a step"} (${percent(100 * (after / before - 1))})`,
    advice: `What changed most is ${most.name}: ${(most.change_ns / 1e6).toFixed(3)} ms`,
  }];
  const onlyB = kernels.filter((row) => row.a_ns === undefined).length;
  const onlyA = kernels.filter((row) => row.b_ns === undefined).length;
  if (onlyA + onlyB > 0) {
    found.push({
      severity: "info",
      title: "The captures do not run the same kernels",
      evidence: `${onlyA} only in the first, ${onlyB} only in the second`,
      advice:
        "Another backend, batch size or version picks other kernels: compare categories first",
    });
  }
  return found;
}
