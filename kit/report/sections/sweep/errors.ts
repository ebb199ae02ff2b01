/**
 * How far predictions from a sweep are from what was measured.
 *
 * @module
 */

import { percentText, quantile } from "../../../sweep/predict/errors.ts";
import type { HeldOut } from "../../../sweep/predict/leave_one_out.ts";
import type { Plot, PlotOptions } from "../../chart.ts";
import { type Html, html } from "../../html.ts";
import { type Section, table, titled } from "../../section.ts";
import { part } from "../../../sweep/sweep_folder.ts";
import type { SweepData, SweepSource } from "./source.ts";

/** Errors of interpolation, and how even the times themselves are. */
export const errorSection: Section<SweepSource> = ({ held, sweep, charts }) => {
  const content: Html[] = [];
  if (held.length > 0) {
    content.push(
      charts.still({
        id: "held-out",
        title: "Points that were held out",
        unit: "error of their prediction from their neighbours, in %",
        caption:
          "Dot: the median; line: up to P90. Each point that lies between two others along an " +
          "axis is predicted without itself, which is twice as far as a batch has to its neighbours.",
        options: (plot) => errorPlot(plot, held),
      }),
      table(
        "Error of interpolation; the last three columns: as LLMServingSim reads the same tables",
        ["table", "axis", "points#", "median#", "P90#", "mean#", "median#", "P90#", "mean#"],
        held.flatMap(({ tp, category, axes }) =>
          axes.map(({ axis, interpolated, reference }) => [
            `tp${tp} ${category}`,
            axis,
            interpolated.count,
            ...[interpolated, reference].flatMap(({ median, p90, signed_mean }) => [
              percentText(median),
              percentText(p90),
              percentText(signed_mean, true),
            ]),
          ])
        ),
      ),
    );
  }
  content.push(...batchTables(sweep), ...stepTables(sweep));
  const even = sweep.degrees.filter(({ spreads }) => spreads.length > 0).map((
    { tp, spreads },
  ) => [
    `tp${tp}`,
    spreads.length,
    percentText(quantile(spreads, 0.5)),
    percentText(quantile(spreads, 0.9)),
  ]);
  if (even.length > 0) {
    content.push(table(
      "How even the times are: the longest less the shortest pass of a shot, over its time",
      ["TP", "times#", "median#", "P90#"],
      even,
    ));
  }
  return content.length === 0 ? undefined : titled(
    "errors",
    "How far it is from the truth",
    ...content,
    html`
      <p
        class="note">Whether layers add up to a step, no table can tell: <code>vscope bundle predict --session</code>
        compares a sweep with the steps of a session.</p>
    `,
  );
};

type Found = Readonly<Record<string, unknown>>;

/** A row of errors as meta tells them; none where it lacks one. */
function figures(name: string, kind: string, found: Found): (string | number)[][] {
  const [median, p90, mean] = ["median", "p90", "signed_mean"].map((key) => found[key]);
  const numbers = [median, p90, mean].every((value) => typeof value === "number");
  return numbers
    ? [[
      name,
      kind,
      Number(found["count"]),
      percentText(median as number),
      percentText(p90 as number),
      percentText(mean as number, true),
    ]]
    : [];
}

/** Errors of batches that a sweep held out and fired, as its meta tells them. */
function batchTables({ meta }: SweepData): Html[] {
  const perTp = part(part(meta?.values, "validation"), "per_tp");
  return Object.keys(perTp).flatMap((tp) => {
    const found = part(perTp, tp);
    const rows = [
      ...figures("all", "batches", part(found, "error")),
      ...["classes", "layers"].flatMap((group) => {
        const own = part(found, group);
        return Object.keys(own).flatMap((name) =>
          figures(name, group === "classes" ? "batches" : "layer", part(own, name))
        );
      }),
    ];
    return rows.length === 0 ? [] : [table(
      `Held-out batches, tp${tp}: predicted against measured, over the layers of one block`,
      ["", "of", "count#", "median#", "P90#", "mean#"],
      rows,
    )];
  });
}

/** Errors of whole-model steps, as a sweep's meta tells them. */
function stepTables({ meta }: SweepData): Html[] {
  const steps = part(part(meta?.values, "validation"), "steps");
  const modes = part(steps, "modes");
  const rows = Object.keys(modes).flatMap((mode) => {
    const found = part(modes, mode);
    const errors = (of: Found, run: string) => {
      const classes = part(of, "classes");
      return [
        ...figures("all", run, part(of, "error")),
        ...Object.keys(classes).flatMap((name) => figures(name, run, part(classes, name))),
      ];
    };
    return [
      ...errors(found, mode),
      ...errors(part(found, "with_launch"), `${mode}, with launches`),
    ];
  });
  if (rows.length === 0) return [];
  const absent = Object.keys(modes).flatMap((mode) => {
    const why = part(modes, mode)["not_run"];
    return typeof why === "string" ? [html`<p class="note">Not run, ${mode}: ${why}.</p>`] : [];
  });
  return [
    table(
      `Steps of the whole model (${steps["layers"]} layers): predicted against measured`,
      ["", "run", "steps#", "median#", "P90#", "mean#"],
      rows,
    ),
    ...absent,
    html`
      <p class="note">What steps take besides their operators was found from other steps than those
        that “with launches” is told of.</p>
    `,
  ];
}

interface Mark {
  readonly name: string;
  readonly median: number;
  readonly p90: number;
}

function errorPlot(plot: Plot, held: readonly HeldOut[]): PlotOptions {
  const marks = held.flatMap(({ tp, category, axes }): Mark[] =>
    axes.map(({ axis, interpolated: { median, p90 } }) => ({
      name: `tp${tp} ${category}: ${axis}`,
      median: 100 * median,
      p90: 100 * p90,
    }))
  );
  return {
    height: 50 + 20 * marks.length,
    marginLeft: 190,
    x: { grid: true, label: "%", zero: true },
    y: { type: "band", domain: marks.map(({ name }) => name), label: null },
    marks: [
      plot.ruleY(marks, {
        y: "name",
        x1: "median",
        x2: "p90",
        stroke: "var(--c1)",
        strokeWidth: 3,
        strokeOpacity: 0.4,
      }),
      plot.dot(marks, {
        x: "median",
        y: "name",
        r: 4,
        fill: "var(--c1)",
        title: ({ name, median, p90 }: Mark) =>
          `${name}: median ${median.toFixed(2)} %, P90 ${p90.toFixed(2)} %`,
      }),
    ],
  };
}
