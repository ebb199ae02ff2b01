/**
 * CUDA graphs: how many passes they served, and which.
 *
 * @module
 */

import { figure, withUnit } from "../format.ts";
import { html } from "../html.ts";
import { type Section, table, titled } from "../section.ts";

/** Descriptors that the page lists. */
const MOST = 12;

/** Coverage and the most replayed descriptors; nothing where no graph was captured. */
export const graphs: Section = ({ analysis }) => {
  const { graphs } = analysis;
  if (!graphs || graphs.uses.length === 0) return undefined;
  const { summary, uses } = graphs;
  const total = uses.reduce((sum, { replays }) => sum + replays, 0);
  const phases = Object.entries(summary.coverage_pct_by_phase ?? {})
    .map(([phase, share]) => `${phase} ${withUnit(share, "%")}`).join(", ");
  return titled(
    "graphs",
    "CUDA graphs",
    html`<p>${figure(summary.replayed_passes)} of ${
      figure(summary.forward_passes)
    } forward passes replayed a graph (${withUnit(summary.coverage_pct, "%")}: ${phases}); ${
      withUnit(summary.padding_waste_pct, "%")
    } of the tokens in them were padding. ${figure(uses.length)} descriptors were captured, ${
      figure(uses.filter(({ replays }) => replays > 0).length)
    } of them used.</p>`,
    table(
      "Most replayed",
      ["mode", "tokens#", "replays#", "share#"],
      uses.slice(0, MOST).filter(({ replays }) => replays > 0).map(({ mode, tokens, replays }) => [
        mode,
        figure(tokens),
        figure(replays),
        withUnit(100 * replays / total, "%"),
      ]),
    ),
  );
};
