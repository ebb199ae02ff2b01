/**
 * Batches of unequal decodes: where their times lie between that of the mean and that of the longest.
 *
 * @module
 */

import type { SkewRow } from "../../../sweep/fit/skew_rows.ts";
import { quantile } from "../../../sweep/predict/errors.ts";
import { figure } from "../../format.ts";
import type { Html } from "../../html.ts";
import { type Section, titled } from "../../section.ts";
import { otherDegree, sweepName, type SweepSource } from "./source.ts";

interface Band {
  readonly chunk: string;
  readonly low: number;
  readonly middle: number;
  readonly high: number;
}

/** Alpha over the prefill chunk, at each TP degree. */
export const skewSection: Section<SweepSource> = (source) => {
  const figures: Html[] = source.sweep.degrees.flatMap(({ tp, skew }) => {
    if (skew.length === 0) return [];
    const own = bands(skew);
    const other = bands(otherDegree(source, tp)?.skew ?? []);
    return [source.charts.still({
      id: `skew-tp${tp}`,
      title: `Unequal decodes, TP ${tp}`,
      unit: "alpha, over the tokens of the chunk beside them",
      caption:
        "0: the batch takes as long as one with the mean history, 1: as one in which all have " +
        "the longest. Dot: the median of the cases; line: from P10 to P90." +
        (other.length > 0 ? ` Faint: ${sweepName(source.other!)}.` : ""),
      options: (plot) => ({
        height: 260,
        x: { type: "point", label: "tokens of the chunk", domain: own.map(({ chunk }) => chunk) },
        y: { label: null, grid: true },
        marks: [
          plot.ruleY([0, 1], { stroke: "var(--line)" }),
          ...[[other, 0.35, 6], [own, 1, 0]].flatMap(([data, opacity, dx]) => [
            plot.ruleX(data as Band[], {
              x: "chunk",
              y1: "low",
              y2: "high",
              stroke: "var(--c1)",
              strokeWidth: 3,
              strokeOpacity: 0.4 * (opacity as number),
              dx: dx as number,
            }),
            plot.dot(data as Band[], {
              x: "chunk",
              y: "middle",
              r: 4,
              fill: "var(--c1)",
              fillOpacity: opacity as number,
              dx: dx as number,
              title: ({ chunk, low, middle, high }: Band) =>
                `chunk ${chunk}: ${figure(low)} to ${figure(high)}, median ${figure(middle)}`,
            }),
          ]),
        ],
      }),
    })];
  });
  return figures.length === 0 ? undefined : titled("skew", "Skew", ...figures);
};

function bands(rows: readonly SkewRow[]): Band[] {
  const alpha = ({ t_mean_us, t_max_us, t_skew_us }: SkewRow) =>
    (t_skew_us - t_mean_us) / (t_max_us - t_mean_us);
  return [...Map.groupBy(rows, ({ pc }) => pc)]
    .sort(([one], [other]) => one - other)
    .flatMap(([chunk, own]) => {
      const sorted = own.map(alpha).filter(Number.isFinite).sort((one, other) => one - other);
      return sorted.length === 0 ? [] : [{
        chunk: String(chunk),
        low: quantile(sorted, 0.1),
        middle: quantile(sorted, 0.5),
        high: quantile(sorted, 0.9),
      }];
    });
}
