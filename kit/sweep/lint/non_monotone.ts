/**
 * `non-monotone`: a larger shape that takes far less time than a smaller one.
 *
 * Kernels are chosen by shape, so that small steps down are real; only large ones are told.
 *
 * @module
 */

import { SWEEP_TABLES } from "../sweep_tables.ts";
import { linesText } from "./finding.ts";
import type { LintRow, LintRule, LintTable } from "./subject.ts";

/** Share of the longest time of smaller shapes below which a time is told. */
const LEAST_SHARE = 0.6;
/** Differences below it are noise, in µs. */
const LEAST_US = 10;

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
    let longest = 0;
    for (const row of rows.toSorted((one, other) => one.value(axis) - other.value(axis))) {
      const time = row.value("time_us");
      if (!(time > 0 && time < Infinity)) continue;
      if (time < longest * LEAST_SHARE && longest - time > LEAST_US) found.push(row.line);
      if (time > longest) longest = time;
    }
  }
  return found;
}

/** The rule. */
export const nonMonotone: LintRule = ({ tables }) =>
  tables.filter(({ name }) => name !== "skew").flatMap((table) => {
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
