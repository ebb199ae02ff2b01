/**
 * What the user's own profilers recorded: figures of each column, and charts over time.
 *
 * @module
 */

import type { OwnAnalysis, OwnNumbers } from "../../analysis/own_tables.ts";
import type { ChartRoom, ChartSeries } from "../chart.ts";
import { figure } from "../format.ts";
import { type Html, html } from "../html.ts";
import { type Section, table, titled } from "../section.ts";

/** Lines of a chart: as many as the style sheet has colours. */
const COLORS = [1, 2, 3, 4] as const;

/** A part for each table. */
export const ownProfilers: Section = ({ analysis, charts }) => {
  if (analysis.own.length === 0) return undefined;
  return titled("own", "Your own profilers", analysis.own.map((own) => part(own, charts)));
};

function part(own: OwnAnalysis, charts: ChartRoom): Html {
  const { name, row } = own.table;
  const numbers = own.numbers.filter(({ statistics }) => statistics !== undefined);
  return html`
    <h3>${name}</h3>
    <p>${figure(own.rows)} rows, each ${row}.</p>
    ${numbers.length === 0 ? undefined : table(
      `Columns of ${name}`,
      ["column", "unit", "what it holds", "values#", "mean#", "p50#", "p95#", "min#", "max#"],
      numbers.map(({ column, statistics }) => [
        column.name,
        column.unit ?? "",
        column.doc ?? "",
        figure(statistics!.count),
        ...(["mean", "p50", "p95", "min", "max"] as const).map((key) => figure(statistics![key])),
      ]),
    )} ${own.words.map(({ column, frequent, otherRows }) =>
      frequent.length === 0 ? undefined : table(
        `${column.name}${column.doc === undefined ? "" : `: ${column.doc}`}`,
        [column.name, "rows#"],
        [
          ...frequent.map(({ value, rows }) => [value, figure(rows)]),
          ...(otherRows > 0 ? [["others", figure(otherRows)]] : []),
        ],
      )
    )} ${byUnit(numbers).map(([unit, columns]) => chart(name, unit, columns, charts))}
  `;
}

/** Columns that can share a scale. */
function byUnit(numbers: readonly OwnNumbers[]): [string, OwnNumbers[]][] {
  const groups = new Map<string, OwnNumbers[]>();
  for (const one of numbers) {
    // What has no unit shares its scale with nothing.
    const key = one.column.unit ?? `\0${one.column.name}`;
    const group = groups.get(key);
    if (group && group.length < COLORS.length) group.push(one);
    else if (!group) groups.set(key, [one]);
  }
  return [...groups].map(([key, group]) => [key.startsWith("\0") ? "" : key, group]);
}

function chart(
  name: string,
  unit: string,
  columns: readonly OwnNumbers[],
  charts: ChartRoom,
): Html {
  const series = columns.map(({ column, points }, place): ChartSeries => ({
    ...points,
    label: column.name,
    color: COLORS[place]!,
    kind: "points",
  }));
  const first = columns[0]!.column.name;
  return charts.draw({
    id: `chart-own-${name}-${first}`,
    title: name,
    unit,
    caption: `Each point is a row: ${columns.map(({ column }) => column.name).join(", ")}.`,
    series,
  });
}
