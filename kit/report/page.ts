/**
 * The shell of every page: one file that needs nothing else.
 *
 * @module
 */

import { loadChartScript } from "../deps.ts";
import { Html, html, scriptJson } from "./html.ts";
import pageStyle from "./page.css" with { type: "text" };
import pageScript from "./page.js" with { type: "text" };
import type { BundleSource, Section } from "./section.ts";

/** Nothing but what is in the file may be loaded or run. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/** The HTML of a page made of sections. */
export async function pageOf<S extends BundleSource>(
  source: S,
  sections: readonly Section<S>[],
): Promise<string> {
  const { manifest, dir, charts } = source;
  const body = sections.map((section) => section(source));
  const { script, style } = await loadChartScript();
  const page = html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="${new Html(POLICY)}">
        <title>vscope ${manifest.recipe}: ${dir.split("/").at(-1)}</title>
        <style>${new Html(style)}${new Html(pageStyle)}</style>
      </head>
      <body>
        <main>
    ${body}
        </main>
        <script type="application/json" id="charts">${scriptJson(charts.charts)}</script>
        <script>${new Html(script)}</script>
        <script type="module">${new Html(pageScript)}</script>
      </body>
    </html>
  `;
  return page.text;
}
