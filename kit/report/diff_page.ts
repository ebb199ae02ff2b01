/**
 * The page of two sides that were compared: a bar for the interval of every figure that changed.
 *
 * @module
 */

import type { Manifest } from "../bundle/manifest.ts";
import type { DiffDocument, DiffFigure } from "../compare/diff.ts";
import { figureText, intervalText, moved } from "../compare/words.ts";
import { VERSION } from "../contract/version.ts";
import { ChartRoom } from "./chart.ts";
import { type Html, html } from "./html.ts";
import { pageOf } from "./page.ts";
import { type BundleSource, type Section, table, titled } from "./section.ts";

/** Rows of a table that are drawn: those that changed most. */
const MOST_ROWS = 60;

interface DiffSource extends BundleSource {
  readonly document: DiffDocument;
}

/** The HTML of a comparison. */
export async function diffPage(document: DiffDocument): Promise<string> {
  const paths = (side: DiffDocument["a"]) => side.map(({ path }) => path).join(", ");
  const source: DiffSource = {
    dir: `${paths(document.a)} and ${paths(document.b)}`,
    // Of a comparison there is none; the page asks for its name only.
    manifest: { recipe: "diff", versions: { vscope: VERSION } } as unknown as Manifest,
    findings: [],
    charts: await ChartRoom.open(),
    document,
  };
  return await pageOf(source, [headSection, differencesSection, ...tableSections(document), rest]);
}

const headSection: Section<DiffSource> = ({ document: { a, b, compared, changed } }) =>
  html`
    <div class="bar"><span class="brand">vscope <small>${VERSION}</small></span>
    <button type="button" id="theme" hidden>Light or dark</button></div>
    <h1>What changed between two ${a.length + b.length > 2 ? "sides" : "bundles"} (${compared})</h1>
    <p><strong>A</strong> ${a.map(({ path }) =>
      html`
        <code>${path}</code>
      `
    )}</p>
    <p><strong>B</strong> ${b.map(({ path }) =>
      html`
        <code>${path}</code>
      `
    )}</p>
    <p>${changed} ${changed === 1 ? "figure" : "figures"} changed beyond noise.</p>
  `;

const differencesSection: Section<DiffSource> = ({ document: { differences } }) => {
  const values = (side: readonly unknown[]) => side.length === 0 ? "not told" : side.join(" | ");
  return titled(
    "differences",
    "What was different about them",
    differences.length === 0
      ? html`<p>Nothing is known to differ in model, software, hardware, flags and load.</p>`
      : table(
        "Model, software and hardware first",
        ["", "what", "A", "B"],
        differences.map(({ subject, name, a, b, mixed }) => [
          subject,
          mixed ? `${name} (repeats of one side differ in it)` : name,
          values(a),
          values(b),
        ]),
      ),
  );
};

function tableSections({ tables }: DiffDocument): Section<DiffSource>[] {
  return tables.flatMap(({ table: name, figures }): Section<DiffSource>[] => {
    const changed = figures.filter(({ verdict }) => verdict !== "same");
    if (changed.length === 0) return [];
    const shown = changed.toSorted((one, other) => size(other) - size(one)).slice(0, MOST_ROWS);
    const widest = Math.max(...shown.flatMap((figure) => bounds(figure).map(Math.abs)), 1e-9);
    return [() =>
      titled(
        `table-${name.replaceAll(/[^\w-]/g, "-")}`,
        name,
        table(
          `${shown.length} of ${figures.length} figures; the bar is the interval, its middle no change`,
          ["figure", "unit", "A#", "B#", "change#", "interval", "", "verdict"],
          shown.map((figure) => [
            figure.metric,
            figure.unit,
            figureText(figure.a),
            figureText(figure.b),
            moved(figure.change, figure),
            intervalText(figure),
            bar(figure, widest),
            figure.verdict,
          ]),
        ),
      )];
  });
}

/** Low end, value and high end on an axis whose 0 is no change. */
function bounds({ change, interval, scale }: DiffFigure): number[] {
  return [interval?.[0] ?? change, change, interval?.[1] ?? change]
    .map((value) => scale === "ratio" ? Math.log(value) : value);
}

function size(figure: DiffFigure): number {
  return Math.abs(bounds(figure)[1]!);
}

const WIDTH = 160;

function bar(figure: DiffFigure, widest: number): Html {
  // Intervals of a few per cent beside one of several hundred are still to be seen.
  const place = (value: number) =>
    WIDTH / 2 * (1 + Math.sign(value) * Math.sqrt(Math.min(1, Math.abs(value) / widest)));
  const [low, middle, high] = bounds(figure).map(place) as [number, number, number];
  return html`
    <svg class="interval" viewBox="0 0 ${WIDTH} 14" width="${WIDTH}" height="14" role="img"
      aria-label="${figure.verdict}: ${moved(figure.change, figure)}, ${intervalText(figure)}">
      <line x1="${WIDTH / 2}" x2="${WIDTH / 2}" y1="0" y2="14"></line>
      <rect class="i-${figure.verdict}" x="${low.toFixed(1)}" y="5" height="4" rx="2"
        width="${Math.max(1, high - low).toFixed(1)}"></rect>
      <circle class="i-${figure.verdict}" cx="${middle.toFixed(1)}" cy="7" r="4"></circle>
    </svg>
  `;
}

const rest: Section<DiffSource> = ({ document: { not_compared, assumptions } }) =>
  titled(
    "rest",
    "What was not compared, and what is taken for granted",
    not_compared.length === 0 ? undefined : table(
      "Not compared",
      ["what", "why", "figures#"],
      not_compared.map(({ what, reason, metrics }) => [what, reason, metrics?.length ?? ""]),
    ),
    assumptions.map((sentence) => html`<p class="note">${sentence}</p>`),
  );
