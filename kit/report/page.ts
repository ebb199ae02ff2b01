/**
 * The whole page of a session bundle, in one file that needs nothing else.
 *
 * @module
 */

import { findSessionFindings } from "../analysis/findings.ts";
import type { SessionAnalysis } from "../analysis/session.ts";
import { loadChartScript } from "../deps.ts";
import { ChartRoom } from "./chart.ts";
import { Html, html, scriptJson } from "./html.ts";
import pageStyle from "./page.css" with { type: "text" };
import pageScript from "./page.js" with { type: "text" };
import type { Section } from "./section.ts";
import { account } from "./sections/account.ts";
import { experts } from "./sections/experts.ts";
import { graphs } from "./sections/graphs.ts";
import { encoders, hardware } from "./sections/hardware.ts";
import { questions } from "./sections/questions.ts";
import { coverage } from "./sections/coverage.ts";
import { filesSection } from "./sections/files.ts";
import { findingsSection } from "./sections/findings.ts";
import { head } from "./sections/head.ts";
import { operations } from "./sections/operations.ts";
import { passes } from "./sections/passes.ts";
import { requests } from "./sections/requests.ts";
import { tiles } from "./sections/tiles.ts";
import { utilization } from "./sections/utilization.ts";

/** The sections, in the order of the page. */
const SECTIONS: readonly Section[] = [
  head,
  tiles,
  questions,
  findingsSection,
  passes,
  graphs,
  experts,
  encoders,
  hardware,
  utilization,
  operations,
  requests,
  account,
  coverage,
  filesSection,
];

/** Nothing but what is in the file may be loaded or run. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/** The HTML of a session's report. */
export async function sessionPage(analysis: SessionAnalysis): Promise<string> {
  const charts = await ChartRoom.open();
  const findings = findSessionFindings(analysis);
  const body = SECTIONS.map((section) => section({ analysis, findings, charts }));
  const { script, style } = await loadChartScript();
  const page = html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="${new Html(POLICY)}">
        <title>vscope ${analysis.manifest.recipe}: ${analysis.dir.split("/").at(-1)}</title>
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
