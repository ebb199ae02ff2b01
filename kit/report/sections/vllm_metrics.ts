/**
 * vLLM's own metrics beside what vscope recorded.
 *
 * @module
 */

import { figure } from "../format.ts";
import { html } from "../html.ts";
import { type Section, table, titled } from "../section.ts";

/** Both accounts, and what vLLM alone has. */
export const vllmMetrics: Section = ({ analysis }) => {
  const { vllm } = analysis;
  if (!vllm) return undefined;
  const { scrapes, rows, others } = vllm;
  const moment = scrapes.last_sec === undefined
    ? ""
    : `, the last ${figure(scrapes.last_sec)} s after the beginning`;
  return titled(
    "vllm-metrics",
    "vLLM’s own metrics beside these",
    html`<p>${figure(scrapes.scrapes)} scrapes of <code>${scrapes.url}</code>${moment}${
      scrapes.failed > 0 ? `; ${figure(scrapes.failed)} got no answer` : ""
    }. ${
      scrapes.added_options.length > 0 ? `Turned on: ${scrapes.added_options.join(", ")}. ` : ""
    }${
      scrapes.missing_options.length > 0
        ? `This vLLM does not have ${scrapes.missing_options.join(", ")}.`
        : ""
    }</p>`,
    table(
      "Both accounts of the session",
      ["what", "unit", "vLLM#", "vscope#", "difference#", "in %#", "where they differ"],
      rows.map((row) => [
        row.what,
        row.unit,
        figure(row.vllm),
        figure(row.ours),
        figure(row.difference),
        row.difference_pct === undefined ? "" : figure(row.difference_pct),
        row.difference === 0 ? "" : row.why,
      ]),
    ),
    others.length === 0 ? undefined : html`
      <details>
        <summary>${figure(others.length)} metrics that vLLM alone has</summary>
        <p>${others.map((name) =>
          html`
            <code>${name}</code>
          `
        )}</p>
      </details>
    `,
  );
};
