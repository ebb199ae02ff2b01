/**
 * `bad-time`: a time that is no number above zero, or a table without the column.
 *
 * @module
 */

import { SWEEP_TABLES } from "../sweep_tables.ts";
import { linesText, type LintFinding } from "./finding.ts";
import type { LintRule } from "./subject.ts";

function finding(file: string, rows: number, message: string): LintFinding {
  return { rule: "bad-time", severity: "error", file, rows, message };
}

/** The rule. */
export const badTime: LintRule = ({ tables }) =>
  tables.flatMap(({ name, file, rows, header }) => {
    const times: readonly string[] = SWEEP_TABLES[name].times;
    const lacking = times.filter((column) => !header.includes(column));
    const found = lacking.map((column) =>
      finding(file, rows.length, `has no column ${column}, which holds the times in µs`)
    );
    const there = times.filter((column) => header.includes(column));
    const bad = rows.filter((row) =>
      there.some((column) => !(row.value(column) > 0 && row.value(column) < Infinity))
    );
    if (bad.length > 0) {
      found.push(finding(
        file,
        bad.length,
        `${linesText(bad.map(({ line }) => line))}: a time is missing, not above zero or no ` +
          "number; LLMServingSim stops at it",
      ));
    }
    return found;
  });
