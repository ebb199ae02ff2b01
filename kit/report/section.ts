/**
 * What a section of the report is made from, and the table that many of them hold.
 *
 * @module
 */

import type { Finding } from "../analysis/findings.ts";
import type { SessionAnalysis } from "../analysis/session.ts";
import type { Manifest } from "../bundle/manifest.ts";
import type { ChartRoom } from "./chart.ts";
import { type Content, type Html, html } from "./html.ts";

/** What a section of any bundle's page may use. */
export interface BundleSource {
  /** The bundle's folder. */
  dir: string;
  manifest: Manifest;
  findings: Finding[];
  charts: ChartRoom;
}

/** What a section of a session's page may use. */
export interface SessionSource extends BundleSource {
  analysis: SessionAnalysis;
}

/** A section of a page; nothing where the bundle has nothing for it. */
export type Section<S extends BundleSource = SessionSource> = (source: S) => Html | undefined;

/** A table. Columns whose heading ends in `#` hold figures. */
export function table(caption: string, head: readonly string[], rows: readonly Content[][]): Html {
  const numeric = head.map((name) => name.endsWith("#"));
  const cells = (row: Content[]) =>
    row.map((cell, place) =>
      numeric[place] ? html`<td class="n">${cell}</td>` : html`<td>${cell}</td>`
    );
  return html`
    <div class="scroll">
      <table>
        <caption>${caption}</caption>
        <thead>
          <tr>${head.map((name, place) =>
            numeric[place]
              ? html`<th scope="col" class="n">${name.slice(0, -1)}</th>`
              : html`<th scope="col">${name}</th>`
          )}</tr>
        </thead>
        <tbody>${rows.map((row) => html`<tr>${cells(row)}</tr>\n`)}</tbody>
      </table>
    </div>
  `;
}

/** A section with its heading. */
export function titled(id: string, title: string, ...content: Content[]): Html {
  return html`<section id="${id}"><h2>${title}</h2>\n${content}\n</section>`;
}
