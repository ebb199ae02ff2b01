/**
 * What the words of a page mean; those of a session's page.
 *
 * @module
 */

import { html } from "../html.ts";
import { type BundleSource, type Section, titled } from "../section.ts";

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

/** Definitions of a session's page. */
export const words: Section = definitions(WORDS);

/** A section that defines words. */
export function definitions<S extends BundleSource>(
  list: readonly (readonly [word: string, meaning: string])[],
): Section<S> {
  return () =>
    titled(
      "words",
      "Definitions",
      html`<dl class="words">${
        list.map(([word, meaning]) =>
          html`
            <dt>${word}</dt>
            <dd>${meaning}</dd>
          `
        )
      }</dl>`,
    );
}
