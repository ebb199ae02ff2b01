/**
 * Attention over its two axes: a chunk of a prompt behind its history, and decodes behind theirs.
 *
 * @module
 */

import type { PerfRow } from "../../../sweep/predict/perf_tables.ts";
import type { Plot, PlotOptions } from "../../chart.ts";
import { figure } from "../../format.ts";
import type { Html } from "../../html.ts";
import { type Section, titled } from "../../section.ts";
import { otherDegree, sweepName, type SweepSource } from "./source.ts";

interface Field {
  readonly x: number;
  readonly y: number;
  /** µs, or the other sweep's time over this one's. */
  readonly value: number;
}

/** The two surfaces of each TP degree, and how those of another sweep differ. */
export const attentionSurfaces: Section<SweepSource> = (source) => {
  const figures: Html[] = [];
  for (const { tp, rows } of source.sweep.degrees) {
    const own = rows.attention;
    if (!own) continue;
    const beside = otherDegree(source, tp)?.rows.attention;
    for (
      const [name, title, x, y, of] of [
        ["prefill", "A chunk alone", "tokens of the chunk", "history", prefills],
        ["decode", "Decodes alone", "decodes", "history of each", decodes],
      ] as const
    ) {
      const fields = of(own);
      if (fields.length === 0) continue;
      figures.push(source.charts.still({
        id: `attention-${name}-tp${tp}`,
        title: `${title}, TP ${tp}`,
        unit: `µs a call, over ${x} and ${y}`,
        caption:
          "Where neighbours are alike, the kernel does not fill the device; where each step " +
          "doubles the time, it does.",
        options: (plot) => surface(plot, fields, x, y, false),
      }));
      const ratios = beside ? ratiosOf(fields, of(beside)) : [];
      if (ratios.length === 0) continue;
      figures.push(source.charts.still({
        id: `attention-${name}-ratio-tp${tp}`,
        title: `${title}, TP ${tp}: ${sweepName(source.other!)} over this`,
        unit: "ratio of the times",
        caption: "Above 1 the other takes longer.",
        options: (plot) => surface(plot, ratios, x, y, true),
      }));
    }
  }
  return figures.length === 0 ? undefined : titled("attention", "Attention", ...figures);
};

function prefills(rows: readonly PerfRow[]): Field[] {
  return rows.filter(({ key }) => key[2] === 0)
    .map(({ key, us }) => ({ x: key[0]!, y: key[1]!, value: us }));
}

function decodes(rows: readonly PerfRow[]): Field[] {
  return rows.filter(({ key }) => key[0] === 0)
    .map(({ key, us }) => ({ x: key[2]!, y: key[3]!, value: us }));
}

function ratiosOf(own: readonly Field[], other: readonly Field[]): Field[] {
  const there = new Map(other.map(({ x, y, value }) => [`${x},${y}`, value]));
  return own.flatMap(({ x, y, value }) => {
    const found = there.get(`${x},${y}`);
    return found === undefined || value <= 0 ? [] : [{ x, y, value: found / value }];
  });
}

/** Most rows or columns with a figure in each field. */
const MOST_FIGURES = 14;

function surface(
  plot: Plot,
  fields: readonly Field[],
  x: string,
  y: string,
  ratio: boolean,
): PlotOptions {
  const axis = (of: (field: Field) => number) =>
    [...new Set(fields.map(of))].sort((one, other) => one - other);
  const [columns, rows] = [axis((field) => field.x), axis((field) => field.y)];
  const values = fields.map(({ value }) => value).filter((value) => value > 0);
  const low = values.reduce((least, value) => Math.min(least, value), Infinity);
  const high = values.reduce((most, value) => Math.max(most, value), 0);
  const reach = ratio ? Math.max(high, 1 / low, 1.01) : 1;
  return {
    height: 70 + rows.length * 26,
    marginLeft: 64,
    padding: 0.04,
    x: { type: "band", domain: columns, label: x, tickFormat: (value: number) => String(value) },
    y: {
      type: "band",
      domain: rows.toReversed(),
      label: y,
      tickFormat: (value: number) => String(value),
    },
    color: ratio
      ? { type: "diverging-log", pivot: 1, domain: [1 / reach, reach], scheme: "BuRd" }
      : { type: "log", domain: [low, Math.max(high, low * 1.01)], scheme: "YlGnBu" },
    marks: [
      plot.cell(fields, {
        x: "x",
        y: "y",
        fill: "value",
        title: (field: Field) =>
          `${x} ${field.x}, ${y} ${field.y}: ${figure(field.value)}${ratio ? "" : " µs"}`,
      }),
      ...(columns.length > MOST_FIGURES ? [] : [
        plot.text(fields, {
          x: "x",
          y: "y",
          text: (field: Field) => figure(field.value),
          // Fields are light at one end of the scheme and dark at the other, on any ground.
          fill: (field: Field) =>
            darkField(field.value, ratio, low, high, reach) ? "#fff" : "#1c1b1a",
          fontSize: 10,
          pointerEvents: "none",
        }),
      ]),
    ],
  };
}

function darkField(
  value: number,
  ratio: boolean,
  low: number,
  high: number,
  reach: number,
): boolean {
  return ratio
    ? Math.abs(Math.log(value)) > 0.65 * Math.log(reach)
    : Math.log(value / low) > 0.6 * Math.log(high / low);
}
