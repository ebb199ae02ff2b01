/**
 * The shell of every page: one file that needs nothing else.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { loadChartScript } from "../deps.ts";
import { Html, html, scriptJson } from "./html.ts";
import { verified } from "../contract/verified_text.ts";
import pageStyle from "./page.css" with { type: "text" };
import pageScript from "./page.js" with { type: "text" };
import type { BundleSource, Section } from "./section.ts";

/**
 * Nothing but what is in the file may be loaded, and nothing but our scripts may be run: should a text
 * of a bundle ever become markup, the browser still runs no script of it.
 */
function policyFor(scripts: readonly string[]): string {
  const hashes = scripts.map((script) =>
    `'sha256-${createHash("sha256").update(script).digest("base64")}'`
  );
  return "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; " +
    `style-src 'unsafe-inline'; script-src ${hashes.join(" ")}`;
}

/** The HTML of a page made of sections. */
export async function pageOf<S extends BundleSource>(
  source: S,
  sections: readonly Section<S>[],
): Promise<string> {
  const { manifest, dir, charts } = source;
  const body = sections.map((section) => section(source));
  const { script, style } = await loadChartScript();
  const own = {
    style: verified("kit/report/page.css", pageStyle),
    script: verified("kit/report/page.js", pageScript),
  };
  const page = html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="${new Html(
          policyFor([script, own.script]),
        )}">
        <title>vscope ${manifest.recipe}: ${dir.split("/").at(-1)}</title>
        <style>${new Html(style)}${new Html(own.style)}</style>
      </head>
      <body>
        <main>
    ${body}
        </main>
        <script type="application/json" id="charts">${scriptJson(charts.charts)}</script>
        <script>${new Html(script)}</script>
        <script type="module">${new Html(own.script)}</script>
      </body>
    </html>
  `;
  return page.text;
}
