/**
 * `bad-time`: a time that is no number above zero.
 *
 * @module
 */

import { SWEEP_TABLES } from "../sweep_tables.ts";
import { linesText } from "./finding.ts";
import type { LintRule } from "./subject.ts";

/** The rule. */
export const badTime: LintRule = ({ tables }) =>
  tables.flatMap(({ name, file, rows, header }) => {
    const times = SWEEP_TABLES[name].times.filter((column) => header.includes(column));
    const bad = rows.filter((row) =>
      times.some((column) => !(row.value(column) > 0 && row.value(column) < Infinity))
    );
    return bad.length === 0 ? [] : [{
      rule: "bad-time",
      severity: "error",
      file,
      rows: bad.length,
      message: `${
        linesText(bad.map(({ line }) => line))
      }: a time is missing, not above zero or no ` +
        "number; LLMServingSim stops at it",
    }];
  });
