/**
 * `vscope export notebook`: a Jupyter notebook that loads the session's tables and draws them.
 *
 * @module
 */

import { readCsv } from "../../bundle/files/csv_file.ts";
import { UsageError } from "../../contract/errors.ts";
import type { FileSystem } from "../../contract/context.ts";
import type { ExportFormat } from "./format.ts";
import { type Cell, notebookText, pythonText } from "./notebook/document.ts";
import { FIGURES } from "./notebook/figures.ts";
import { ownFigures } from "./notebook/own_figures.ts";
import type { SessionSource, SourceTable } from "./session_source.ts";
import { intoSink } from "./text_sink.ts";

/** The format. */
const format: ExportFormat = {
  name: "notebook",
  table: "none",
  suffix: ".ipynb",
  async write({ source, out, context }) {
    if (!out!.endsWith(".ipynb")) {
      throw new UsageError(`Cannot write a notebook to "${out}": give a name that ends in .ipynb`);
    }
    const full = await withRows(context.files, source);
    const shown = [...FIGURES, ...ownFigures(source.tables)].filter(({ table }) => full.has(table));
    const home = await context.files.realPath(source.dir);
    const cells = [
      ...opening(source, home, source.tables.filter(({ name }) => !full.has(name))),
      ...shown.flatMap(({ table, title, words, code }): Cell[] => [
        { kind: "markdown", source: `## ${title}\n\n${words}` },
        {
          kind: "code",
          source: `rows = table(${pythonText(pathOf(source, table))})\n${code.trim()}`,
        },
      ]),
    ];
    await intoSink(context, out, (sink) => sink.write(notebookText(cells)));
    return {
      figures: { cells: cells.length, tables: shown.map(({ table }) => table) },
      text: `${cells.length} cells; it needs pandas and matplotlib`,
    };
  },
};

export default format;

function pathOf({ tables }: SessionSource, name: string): string {
  return tables.find((table) => table.name === name)!.path;
}

/** Names of the tables that have a row. */
async function withRows(
  files: FileSystem,
  { dir, tables }: SessionSource,
): Promise<Set<string>> {
  const full = new Set<string>();
  for (const { name, path } of tables) {
    const stream = await readCsv(files, `${dir}/${path}`);
    for await (const batch of stream?.batches ?? []) {
      if (batch.length === 0) continue;
      full.add(name);
      break;
    }
  }
  return full;
}

function opening(
  { name, manifest }: SessionSource,
  home: string,
  empty: readonly SourceTable[],
): Cell[] {
  const { versions, engine, status } = manifest;
  const facts = [
    `recipe ${manifest.recipe}`,
    `${status ?? "still running"}, began ${manifest.started_at}`,
    ...(engine["model"] === undefined ? [] : [`model ${engine["model"]}`]),
    ...(versions.vllm === undefined ? [] : [`vLLM ${versions.vllm}`]),
    ...manifest.devices.map((device) => device.name),
    ...(empty.length === 0 ? [] : [`tables without a row: ${empty.map((t) => t.name).join(", ")}`]),
  ];
  return [
    {
      kind: "markdown",
      source: `# ${name}\n\nA session of vLLM that vscope recorded. Times are seconds since it ` +
        `began.\n\n${facts.map((fact) => `- ${fact}\n`).join("")}`,
    },
    {
      kind: "code",
      source: `
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

# The session's folder: change it where the bundle has moved.
BUNDLE = Path(${pythonText(home)})


def table(path):
    """A table of the session; the None of a batch shape is an absent value."""
    return pd.read_csv(BUNDLE / path, na_values=["None"])


def first_rank(rows):
    """The rows of rank 0: with tensor parallelism each rank has rows of its own."""
    return rows[rows["rank"].fillna(0) == 0]
`,
    },
  ];
}
