/**
 * What each operator costs over tokens or requests, both on logarithmic scales.
 *
 * @module
 */

import type { PerfRow } from "../../../sweep/predict/perf_tables.ts";
import type { Plot, PlotOptions } from "../../chart.ts";
import type { Html } from "../../html.ts";
import { figure } from "../../format.ts";
import { type Section, table, titled } from "../../section.ts";
import { type Roofline, rooflineOf } from "./roofline.ts";
import { otherDegree, sweepName, type SweepSource } from "./source.ts";

/** Dashes that make of four colours as many lines as an architecture has layers. */
const DASHES = ["", "6 3", "2 2"];
const COLORS = 4;
const HEIGHT = 340;

/** A line: its name, and its points. */
interface CostLine {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly us: number }[];
  /** Of the other sweep. */
  readonly faint: boolean;
}

/** Dense layers and those of requests, at each TP degree. */
export const operatorCurves: Section<SweepSource> = (source) => {
  const figures: Html[] = [];
  for (const { tp, rows } of source.sweep.degrees) {
    const beside = otherDegree(source, tp)?.rows;
    for (
      const [name, title, unit] of [
        ["dense", "Layers over tokens", "tokens of the batch"],
        ["per_sequence", "Layers over requests", "requests of the batch"],
      ] as const
    ) {
      const own = rows[name];
      if (!own) continue;
      const lines = [...byLayer(own, false), ...byLayer(beside?.[name] ?? [], true)];
      const roofline = rooflineOf(source.sweep, tp);
      const bounds = roofline ? lines.flatMap((line) => boundOf(line, roofline.us)) : [];
      figures.push(source.charts.still({
        id: `${name}-tp${tp}`,
        title: `${title}, TP ${tp}`,
        unit: "µs a call",
        caption: "A flat line is the time that a call takes at least, or weights that are read " +
          "whatever the batch is; where it rises by one decade a decade, the operator is bound by " +
          "its work." +
          (bounds.length > 0
            ? " Dotted: the least that a product can take by the device's peaks, " +
              `of operations or of memory (${roofline!.source}).`
            : "") +
          overlaid(source),
        options: (plot) => costPlot(plot, lines, unit, bounds),
      }));
      if (bounds.length > 0) figures.push(reached(lines, bounds, `${title}, TP ${tp}`, unit));
    }
  }
  return figures.length === 0 ? undefined : titled("operators", "Operators", ...figures);
};

/** Blocks of experts, a line for each number of experts in use. */
export const expertCurves: Section<SweepSource> = (source) => {
  const figures = source.sweep.degrees.flatMap(({ tp, rows }) => {
    const own = rows.moe;
    if (!own) return [];
    const beside = otherDegree(source, tp)?.rows.moe ?? [];
    const lines = [...byExperts(own, false), ...byExperts(beside, true)];
    return [source.charts.still({
      id: `moe-tp${tp}`,
      title: `A block of experts, TP ${tp}`,
      unit: "µs a call",
      caption:
        "Each line is a number of experts that the tokens use between them: with few tokens " +
        "the time is that of reading their weights, with many that of the work." +
        overlaid(source),
      options: (plot) => costPlot(plot, lines, "tokens of the batch"),
    })];
  });
  return figures.length === 0 ? undefined : titled("experts", "Experts", ...figures);
};

/** What is said of a second sweep. */
function overlaid({ other }: SweepSource): string {
  return other ? ` Faint: ${sweepName(other)}.` : "";
}

/** The roofline below a line of this sweep. */
function boundOf({ name, points, faint }: CostLine, roofline: Roofline): CostLine[] {
  const bound = points.flatMap(({ x }) => {
    const us = roofline(name, x);
    return us === undefined ? [] : [{ x, us }];
  });
  return faint || bound.length === 0 ? [] : [{ name, points: bound, faint }];
}

/** What share of the device's peaks each layer came to, where its batch was largest. */
function reached(
  lines: readonly CostLine[],
  bounds: readonly CostLine[],
  title: string,
  unit: string,
): Html {
  return table(
    `${title}: the roofline over the time`,
    ["layer", `${unit}#`, "µs#", "roofline µs#", "share#"],
    bounds.map(({ name, points }) => {
      const { x, us } = points.at(-1)!;
      const own = lines.find((line) => line.name === name && !line.faint)!.points.at(-1)!;
      return [name, x, figure(own.us), figure(us), `${(100 * us / own.us).toFixed(0)} %`];
    }),
  );
}

function byLayer(rows: readonly PerfRow[], faint: boolean): CostLine[] {
  return lines(rows, (row) => row.layer, (row) => row.key[0]!, faint);
}

function byExperts(rows: readonly PerfRow[], faint: boolean): CostLine[] {
  return lines(rows, (row) => `${row.key[1]} experts`, (row) => row.key[0]!, faint);
}

function lines(
  rows: readonly PerfRow[],
  name: (row: PerfRow) => string,
  x: (row: PerfRow) => number,
  faint: boolean,
): CostLine[] {
  return [...Map.groupBy(rows.filter(({ us }) => us > 0), name)].map(([label, own]) => ({
    name: label,
    faint,
    points: own.map((row) => ({ x: x(row), us: row.us })).sort((one, other) => one.x - other.x),
  }));
}

/** Lines with their names at their ends. */
function costPlot(
  plot: Plot,
  all: readonly CostLine[],
  label: string,
  bounds: readonly CostLine[] = [],
): PlotOptions {
  const names = [...new Set(all.map(({ name }) => name))];
  const look = (name: string) => {
    const place = names.indexOf(name);
    return {
      stroke: `var(--c${place % COLORS + 1})`,
      strokeDasharray: DASHES[Math.floor(place / COLORS) % DASHES.length]!,
    };
  };
  const own = all.filter(({ faint }) => !faint);
  const times = [...all, ...bounds].flatMap(({ points }) => points.map(({ us }) => us));
  const range = [
    times.reduce((low, us) => Math.min(low, us), Infinity),
    times.reduce((high, us) => Math.max(high, us), 0),
  ] as const;
  const ends = own.map(({ name, points }) => ({ name, ...points.at(-1)! }));
  return {
    height: HEIGHT,
    marginRight: 118,
    x: { type: "log", label, grid: true, tickFormat: (value: number) => figure(value) },
    y: { type: "log", label: null, grid: true, tickFormat: (value: number) => figure(value) },
    marks: [
      ...bounds.map(({ name, points }) =>
        plot.line(points, {
          x: "x",
          y: "us",
          stroke: look(name).stroke,
          strokeDasharray: "1 3",
          strokeWidth: 1.2,
        })
      ),
      ...all.flatMap(({ name, points, faint }) => [
        plot.line(points, {
          x: "x",
          y: "us",
          ...look(name),
          strokeWidth: 1.6,
          strokeOpacity: faint ? 0.35 : 1,
        }),
        ...(faint ? [] : [plot.dot(points, {
          x: "x",
          y: "us",
          r: 1.6,
          fill: look(name).stroke,
          title: ({ x, us }: { x: number; us: number }) => `${name}: ${figure(us)} µs at ${x}`,
        })]),
      ]),
      ...spread(ends, range).map((end) =>
        plot.text([end], {
          x: "x",
          y: "us",
          text: "name",
          dy: end.dy,
          dx: 6,
          textAnchor: "start",
          fill: look(end.name).stroke,
        })
      ),
    ],
  };
}

/** Pixels between names, so that those of lines that end near each other can be read. */
const LEAST_GAP = 12;

/** Moves names down as far as the one above needs. */
function spread<T extends { readonly us: number }>(
  ends: readonly T[],
  range: readonly [low: number, high: number],
): (T & { dy: number })[] {
  const [low, high] = range;
  const drawn = HEIGHT - 50;
  let last = -Infinity;
  return ends.toSorted((one, other) => other.us - one.us).map((end) => {
    const own = high > low ? drawn * Math.log(high / end.us) / Math.log(high / low) : 0;
    last = Math.max(own, last + LEAST_GAP);
    return { ...end, dy: last - own };
  });
}
