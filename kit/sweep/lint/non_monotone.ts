/**
 * `non-monotone`: a larger shape that takes far less time than a smaller one.
 *
 * Kernels are chosen by shape, so that small steps down are real; only large ones are told. A single shape that
 * is slow in every sample, between neighbors that are not, got a slow kernel: those that follow are not told of.
 * (cuBLAS has such a shape for Llama-3.1-8B's gate_up_proj at 448 tokens, on two GPUs alike.)
 *
 * @module
 */

import { SWEEP_TABLES } from "../sweep_tables.ts";
import { linesText } from "./finding.ts";
import { keyed, type LintRow, type LintRule, type LintTable } from "./subject.ts";

/** Share of the longest time of smaller shapes below which a time is told. */
const LEAST_SHARE = 0.6;
/** Differences below it are noise, in µs. */
const LEAST_US = 10;
/** A shape with a slow kernel takes so many times what both of its neighbors take. */
const SLOW_KERNEL = 1.25;
/** Its samples differ by no more than this share of their median. */
const AGREE_SHARE = 0.05;
/** Samples that can agree. */
const LEAST_SAMPLES = 3;

/** Lines whose time is far below that of a smaller shape along one axis. */
function steps(table: LintTable, axis: string, others: readonly string[]): number[] {
  const series = new Map<string, LintRow[]>();
  for (const row of table.rows) {
    const name = others.map((column) => row.cell(column)).join();
    const rows = series.get(name);
    if (rows) rows.push(row);
    else series.set(name, [row]);
  }
  const found: number[] = [];
  for (const rows of series.values()) {
    const sorted = rows.toSorted((one, other) => one.value(axis) - other.value(axis));
    let longest = 0;
    for (const [place, row] of sorted.entries()) {
      const time = row.value("time_us");
      if (!(time > 0 && time < Infinity)) continue;
      if (time < longest * LEAST_SHARE && longest - time > LEAST_US) found.push(row.line);
      if (time > longest && !hasSlowKernel(row, [sorted[place - 1], sorted[place + 1]])) {
        longest = time;
      }
    }
  }
  return found;
}

/** A table without samples and their spread has none that could be told from a disturbed one. */
function hasSlowKernel(row: LintRow, neighbors: readonly (LintRow | undefined)[]): boolean {
  const time = row.value("time_us");
  return row.value("samples") >= LEAST_SAMPLES &&
    row.value("spread_us") <= time * AGREE_SHARE &&
    neighbors.every((other) => other && time >= other.value("time_us") * SLOW_KERNEL);
}

/** The rule. */
export const nonMonotone: LintRule = (subject) =>
  keyed(subject).filter(({ name }) => name !== "skew").flatMap((table) => {
    const { key } = SWEEP_TABLES[table.name];
    const lines = key.filter((column) => column !== "layer").flatMap((axis) =>
      steps(table, axis, key.filter((column) => column !== axis))
    );
    const distinct = [...new Set(lines)].sort((one, other) => one - other);
    return distinct.length === 0 ? [] : [{
      rule: "non-monotone",
      severity: "warning",
      file: table.file,
      rows: distinct.length,
      message: `${linesText(distinct)}: takes less than ${LEAST_SHARE * 100} % of the time of a ` +
        "smaller shape",
    }];
  });
