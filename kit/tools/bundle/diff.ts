/**
 * `vscope bundle diff A B`.
 *
 * @module
 */

import { diffBundles, type DiffDocument, type DiffFigure } from "../../compare/diff.ts";
import { differencesText, figureText, intervalText, moved } from "../../compare/words.ts";
import { boolean, path } from "../../contract/options.ts";
import { defineTool } from "../../contract/tool.ts";
import { textTable } from "../analyze/text_table.ts";
import { readSides, sideOptions, warnOf, writeWhole } from "./sides.ts";

/** Rows of a table that are shown without `--all`: those that changed most. */
const MOST_ROWS = 12;

/** The tool. */
const tool = defineTool({
  name: "bundle diff",
  summary: "what two bundles differ by: software, hardware, flags, then figure by figure",
  description:
    "Compares two bundles of one kind, of any recipe. First what was different about the runs, then " +
    "every table, with an interval for each figure: of repeats, where --base and --new give more " +
    "runs, else of what was uneven within the two. What cannot be compared is told. Each interval " +
    "stands by itself: of a hundred figures that did not change, about five seem to at 0.95.",
  options: {
    ...sideOptions,
    all: boolean({ default: false, doc: "Show every figure, also those that did not change" }),
    html: path({ leadsTo: "file", doc: "Write a page with all of it to this file" }),
  },
  operands: [
    { name: "A", doc: "The first bundle's folder", required: true, leadsTo: "folder" },
    { name: "B", doc: "The second bundle's folder", required: true, leadsTo: "folder" },
  ],
  examples: [
    { line: "vscope bundle diff run1 run2", why: "what changed" },
    {
      line: "vscope bundle diff a1 b1 --base a2 --base a3 --new b2 --new b3",
      why: "three runs of each: their noise is known",
    },
  ],
  async run({ confidence, all, html, ...more }, operands, context, { json }) {
    const [a, b] = await readSides(context, "diff", operands, more);
    warnOf(context, [...a, ...b]);
    const document = diffBundles(a, b, confidence);
    if (html !== undefined) {
      const { diffPage } = await import("../../report/diff_page.ts");
      await writeWhole(context, html, await diffPage(document));
    }
    return {
      exitCode: 0,
      json: document,
      ...(json ? {} : { text: await textOf(document, all) }),
    };
  },
});

export default tool;

async function textOf(document: DiffDocument, all: boolean): Promise<string> {
  const { a, b, differences, tables, not_compared, assumptions } = document;
  const paths = (side: DiffDocument["a"]) => side.map(({ path }) => path).join(", ");
  const parts = [
    `A: ${paths(a)}\nB: ${paths(b)}`,
    differences.length === 0
      ? "Nothing is known to differ in model, software, hardware, flags and load."
      : differencesText(differences),
  ];
  for (const { table, figures } of tables) {
    const shown = all ? figures : chosen(figures);
    if (shown.length > 0) parts.push(await tableText(shown));
    const rest = figures.length - shown.length;
    if (rest > 0) {
      parts.push(
        `${table}: ${rest} more ${rest === 1 ? "figure" : "figures"}, ${
          counts(figures.filter((one) => !shown.includes(one)))
        }`,
      );
    }
  }
  if (not_compared.length > 0) {
    parts.push(
      `Not compared:\n${
        not_compared.map(({ what, reason, metrics }) =>
          `  ${what}: ${metrics ? `${metrics.length} figures ` : ""}${reason}`
        ).join("\n")
      }`,
    );
  }
  return [...parts, assumptions.join("\n")].join("\n\n");
}

const UNCHANGED: readonly DiffFigure["verdict"][] = ["same", "unclear"];

/** Clear changes before those whose noise is not known, and larger before smaller. */
function chosen(figures: readonly DiffFigure[]): DiffFigure[] {
  const rank = ({ verdict }: DiffFigure) => verdict === "untested" ? 1 : 0;
  const size = ({ change, scale, a, b }: DiffFigure) =>
    scale === "ratio"
      ? Math.abs(Math.log(change))
      : Math.abs(change) / Math.max(Math.abs(a), Math.abs(b));
  const known = figures.filter(({ verdict }) => !UNCHANGED.includes(verdict));
  return known
    .toSorted((one, other) => rank(one) - rank(other) || size(other) - size(one))
    .slice(0, MOST_ROWS);
}

function counts(figures: readonly DiffFigure[]): string {
  const verdicts = [...new Set(figures.map(({ verdict }) => verdict))];
  return verdicts.map((verdict) =>
    `${figures.filter((figure) => figure.verdict === verdict).length} ${WORDS[verdict]}`
  ).join(", ");
}

const WORDS: Readonly<Record<DiffFigure["verdict"], string>> = {
  worse: "worse",
  better: "better",
  differs: "different",
  unclear: "within noise",
  untested: "different, noise not known",
  same: "the same",
};

async function tableText(figures: readonly DiffFigure[]): Promise<string> {
  return await textTable(
    ["figure", "unit", "A", "B", "change", "interval", ""],
    figures.map((figure) => [
      shortened(figure.metric),
      figure.unit,
      figureText(figure.a),
      figureText(figure.b),
      moved(figure.change, figure),
      intervalText(figure),
      WORDS[figure.verdict],
    ]),
  );
}

const MOST_LETTERS = 64;

function shortened(metric: string): string {
  return metric.length <= MOST_LETTERS
    ? metric
    : `${metric.slice(0, MOST_LETTERS / 2)}…${metric.slice(-MOST_LETTERS / 2)}`;
}
