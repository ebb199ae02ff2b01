/**
 * The bundle's files, and what the words mean.
 *
 * @module
 */

import { SESSION_TABLES } from "../../bundle/session_tables.ts";
import { size } from "../format.ts";
import { html } from "../html.ts";
import { type Section, table, titled } from "../section.ts";

const WORDS: [string, string][] = [
  ["prefill", "a step in which every request computes its prompt (context) tokens"],
  ["decode", "a step in which every request adds a token to its answer"],
  ["mixed", "a step with some of both"],
  ["time to first token", "from the request’s arrival at the API server to its first token"],
  [
    "time per output token",
    "from the first token to the last, divided by the tokens after the first",
  ],
  [
    "KV block",
    "a fixed number of token positions in the KV cache; blocks that only the prefix cache holds count as free",
  ],
  ["preempted", "put back to the queue, its KV blocks freed and later computed again"],
];

/** Files and definitions. */
export const filesSection: Section = ({ analysis }) => {
  const tables = new Map(
    Object.values(SESSION_TABLES).map(({ path, row }) => [path as string, row as string]),
  );
  const shown = analysis.manifest.artifacts.filter(({ path }) => !path.startsWith("processes/"));
  return titled(
    "files",
    "Files and definitions",
    table(
      "Files of the bundle",
      ["file", "size#", "a row is"],
      shown.map((
        { path, bytes },
      ) => [html`<code>${path}</code>`, size(bytes), tables.get(path) ?? ""]),
    ),
    html`<dl class="words">${
      WORDS.map(([word, meaning]) =>
        html`
          <dt>${word}</dt>
          <dd>${meaning}</dd>
        `
      )
    }</dl>`,
  );
};
