/**
 * The requests, one by one.
 *
 * @module
 */

import { durationOf, MOST_REQUESTS, type RequestRow } from "../../analysis/session.ts";
import { figure } from "../format.ts";
import { type Html, html } from "../html.ts";
import { type Section, table, titled } from "../section.ts";

/** Rows that are shown as bars and as a table. */
const SHOWN = 60;

/** Requests over time, and the slowest in figures. */
export const requests: Section = ({ analysis }) => {
  const rows = analysis.requests;
  if (rows.length === 0) return undefined;
  const slowest = [...rows].sort((a, b) => durationOf(b) - durationOf(a)).slice(0, SHOWN);
  const shown = slowest.toSorted((a, b) => (a.queued ?? 0) - (b.queued ?? 0));
  const ms = (from: number | undefined, to: number | undefined) =>
    from === undefined || to === undefined ? "–" : figure(1000 * (to - from));
  return titled(
    "requests",
    "Requests",
    analysis.requestCount > shown.length
      ? html`<p class="note">The ${shown.length} slowest of ${
        figure(analysis.requestCount)
      } requests${
        analysis.requestCount > MOST_REQUESTS ? "" : "; all are in request_lifecycle.csv"
      }.</p>`
      : "",
    timeline(shown),
    table(
      "The slowest requests; times in milliseconds",
      [
        "request",
        "end",
        "prompt#",
        "cached#",
        "generated#",
        "waited#",
        "first token#",
        "in all#",
        "preempted#",
      ],
      slowest.slice(0, 20).map((row) => [
        html`<code>${row.id}</code>`,
        row.status,
        figure(row.prompt),
        figure(row.cached),
        figure(row.generated),
        ms(row.queued, row.started),
        ms(row.queued, row.firstToken),
        ms(row.queued, row.finished),
        figure(row.preemptions),
      ]),
    ),
  );
};

/** A bar for each request: waiting, prefill, decode. */
function timeline(rows: RequestRow[]): Html {
  const first = Math.min(...rows.map(({ queued, started }) => queued ?? started ?? Infinity));
  const last = Math.max(
    ...rows.map(({ finished, firstToken, started }) => finished ?? firstToken ?? started ?? 0),
  );
  const span = last - first || 1;
  const height = 12;
  const at = (seconds: number) => (1000 * (seconds - first) / span).toFixed(2);
  const bar = (from: number | undefined, to: number | undefined, row: number, part: string) =>
    from === undefined || to === undefined || to < from ? "" : html`
      <rect class="${part}" x="${at(from)}" y="${row * height + 2}" width="${Math.max(
        0.6,
        1000 * (to - from) / span,
      ).toFixed(2)}"
        height="${height - 4}" />
    `;
  return html`
    <figure class="chart">
      <figcaption><strong>Life of each request</strong> <span class="unit">${figure(
        span,
      )} s</span><ul class="legend"><li><span class="swatch wait"></span>waiting</li><li><span class="swatch c1"></span>prefill</li><li><span class="swatch c2"></span>decode</li></ul></figcaption>
      <svg class="timeline" viewBox="0 0 1000 ${rows.length *
        height}" preserveAspectRatio="none" role="img"
        aria-label="Waiting, prefill and decode time of ${rows.length} requests"
        style="height:${Math.min(640, rows.length * height)}px">${rows.map((row, place) =>
          html`<g><title>${row.id}: ${row.prompt ?? "?"} + ${
            row.generated ?? "?"
          } tokens, ${row.status}</title>${
            bar(row.queued, row.started ?? row.finished, place, "wait")
          }${bar(row.started, row.firstToken ?? row.finished, place, "prefill")}${
            bar(row.firstToken, row.finished, place, "decode")
          }</g>`
        )}</svg>
    </figure>
  `;
}
