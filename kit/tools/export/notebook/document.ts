/**
 * A Jupyter notebook as a document (nbformat 4.5).
 *
 * @module
 */

/** A cell, as it is declared: its source only. */
export interface Cell {
  readonly kind: "markdown" | "code";
  readonly source: string;
}

/** The text of a notebook. */
export function notebookText(cells: readonly Cell[]): string {
  const document = {
    cells: cells.map(({ kind, source }, place) => ({
      cell_type: kind,
      id: `cell-${place + 1}`,
      metadata: {},
      source: linesOf(source.trim()),
      ...(kind === "code" ? { execution_count: null, outputs: [] } : {}),
    })),
    metadata: {
      kernelspec: { display_name: "Python 3", language: "python", name: "python3" },
      language_info: { name: "python" },
    },
    nbformat: 4,
    nbformat_minor: 5,
  };
  return JSON.stringify(document, null, 1) + "\n";
}

/** Lines with their ends, as notebooks keep them. */
function linesOf(source: string): string[] {
  return source.split(/(?<=\n)/);
}

/** A text as a literal of Python. */
export function pythonText(text: string): string {
  // JSON's escapes are Python's too, but for surrogates, which stand as they are.
  return JSON.stringify(text);
}
