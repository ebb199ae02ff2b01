/**
 * The ranks beside each other.
 *
 * @module
 */

import { figure } from "../../format.ts";
import { html } from "../../html.ts";
import { table, titled } from "../../section.ts";
import { ms, ofAnalysis, share } from "./source.ts";

/** Ranks; nothing where there is one. */
export const ranksSection = ofAnalysis(({ ranks = [] }) => {
  if (ranks.length < 2) return undefined;
  const hasGpu = ranks.some(({ gpu }) => gpu);
  return titled(
    "ranks",
    "Ranks",
    table(
      "Ranks of the run, in milliseconds",
      hasGpu
        ? [
          "rank",
          "kernels#",
          "busy#",
          "idle#",
          "computed#",
          "communicated#",
          "of it not hidden#",
          "mean step#",
          "",
        ]
        : ["rank", "steps#", "mean step#", ""],
      ranks.map((row) => {
        const other = row.pid === undefined ? row.path.split("/").at(-1)! : `process ${row.pid}`;
        const name = row.rank === undefined ? other : `rank ${row.rank}`;
        const step = figure(row.step_mean_ms);
        const mark = row.slowest ? html`<strong>the others wait for it</strong>` : "";
        if (!hasGpu) return [name, figure(row.iterations), step, mark];
        return [
          name,
          figure(row.gpu?.kernel_count),
          ms(row.gpu?.busy_time_ns),
          share(row.gpu?.idle_share),
          ms(row.compute_ns),
          ms(row.communication_ns),
          ms(row.exposed_communication_ns),
          step,
          mark,
        ];
      }),
    ),
  );
});
