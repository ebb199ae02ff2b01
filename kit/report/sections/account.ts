/**
 * Whether every token is accounted for.
 *
 * @module
 */

import { figure } from "../format.ts";
import { html } from "../html.ts";
import { type Section, table, titled } from "../section.ts";

const ROWS: [string, string][] = [
  ["expected", "what the requests explain: Σ (prompt − cached + generated − 1)"],
  ["unfinished", "of requests that ended without output, or have not ended"],
  ["useful", "in the batches of the scheduler, each position of each request once"],
  ["recomputed", "computed again after a preemption; not in the line above"],
  ["overscheduled", "computed past a request’s end, or rejected drafts; not in it either"],
  ["difference", "largest disagreement of batches or forward passes with the requests"],
];

/** The account of tokens. */
export const account: Section = ({ analysis }) => {
  const tokens = analysis.summary.tokens;
  if (!tokens) return undefined;
  return titled(
    "tokens",
    "Account of tokens",
    table(
      "Tokens computed, by two counts that have to agree",
      ["tokens", "count#", "what they are"],
      ROWS.filter(([name]) => tokens[name] !== undefined).map((
        [name, what],
      ) => [name, figure(tokens[name]), what]),
    ),
    tokens["difference"] === 0 ? html`<p class="note">The counts agree to the token.</p>` : "",
  );
};
