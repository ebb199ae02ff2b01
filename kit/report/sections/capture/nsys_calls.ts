/**
 * What the host did, as nsys saw it: calls of CUDA, and named ranges.
 *
 * @module
 */

import type { CallRow } from "../../../analysis/capture/model.ts";
import { figure } from "../../format.ts";
import { type Html, html } from "../../html.ts";
import { table, titled } from "../../section.ts";
import { codeName, ms, ofAnalysis, us } from "./source.ts";

const MOST_ROWS = 25;

/** Calls, ranges, and graphs that were recorded as a whole. */
export const nsysCallsSection = ofAnalysis(
  ({ cuda_api = [], nvtx = [], graph_executions = [] }) => {
    if (cuda_api.length + nvtx.length + graph_executions.length === 0) return undefined;
    return titled(
      "host",
      "Calls and ranges of the host",
      rows("Calls of CUDA", "call", cuda_api, "cuda_api"),
      rows("NVTX ranges", "range", nvtx, "nvtx"),
      rows(
        "CUDA graphs that were recorded as a whole",
        "graph",
        graph_executions,
        "graph_executions",
      ),
    );
  },
);

function rows(title: string, column: string, list: readonly CallRow[], name: string): Html | "" {
  if (list.length === 0) return "";
  const rest = list.length - MOST_ROWS;
  return html`${
    table(
      `${title}; total in milliseconds, the others in microseconds`,
      [column, "count#", "total#", "mean#", "median#", "min#", "max#"],
      list.slice(0, MOST_ROWS).map((row) => [
        codeName(row.name),
        figure(row.count),
        ms(row.total_ns),
        ...[row.avg_ns, row.median_ns, row.min_ns, row.max_ns].map(us),
      ]),
    )
  }${
    rest > 0
      ? html`<p class="note">${figure(rest)} further rows: table <code>${name}</code> of
<code>analysis.json</code>.</p>`
      : ""
  }`;
}
