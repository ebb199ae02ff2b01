/**
 * CPU operators.
 *
 * @module
 */

import { figure } from "../../format.ts";
import { html } from "../../html.ts";
import { table, titled } from "../../section.ts";
import { categoryMark, codeName, meter, ms, ofAnalysis, us } from "./source.ts";

const MOST_ROWS = 30;

/** CPU operators: where a CPU build computes, and where the host of a GPU spends its time. */
export const operatorsSection = ofAnalysis(({ cpu_operators = [], gpu }) => {
  if (cpu_operators.length === 0) return undefined;
  const rows = cpu_operators.toSorted((a, b) => (b.self_ns ?? 0) - (a.self_ns ?? 0));
  const shown = rows.slice(0, MOST_ROWS);
  const total = rows.reduce((sum, { self_ns }) => sum + (self_ns ?? 0), 0);
  const longest = shown[0]?.self_ns ?? 0;
  return titled(
    "operators",
    "CPU operators",
    table(
      "Operators by their own time, without those that they call; own and total in milliseconds, " +
        "median and max in microseconds",
      ["operator", "kind", "calls#", "own#", "share#", "total#", "median#", "max#", "of the first"],
      shown.map(({ name, category, count, self_ns, total_ns, median_ns, max_ns }) => [
        codeName(name),
        categoryMark(category),
        figure(count),
        ms(self_ns),
        self_ns === undefined || total === 0 ? "–" : `${figure(100 * self_ns / total)} %`,
        ms(total_ns),
        us(median_ns),
        us(max_ns),
        longest === 0 ? "" : meter((self_ns ?? 0) / longest),
      ]),
    ),
    rows.length > shown.length
      ? html`<p class="note">${
        figure(rows.length - shown.length)
      } further operators are in <code>analysis.json</code>.</p>`
      : "",
    gpu ? html`<p class="note">With a GPU these are the host’s times, profiler included.</p>` : "",
  );
});
