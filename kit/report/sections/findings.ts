/**
 * What the figures say.
 *
 * @module
 */

import { html } from "../html.ts";
import { type BundleSource, type Section, titled } from "../section.ts";

const MARK = { error: "✕ error", warning: "▲ warning", info: "● note" };

/** The findings with evidence and advice. */
export const findingsSection: Section<BundleSource> = ({ findings }) =>
  titled(
    "findings",
    "Findings",
    findings.length === 0
      ? html`<p>Nothing stands out in what was recorded.</p>`
      : html`<ul class="findings">${
        findings.map(({ severity, title, evidence, advice }) =>
          html`<li class="${severity}"><span class="mark">${MARK[severity]}</span>
<h3>${title}</h3><p>${evidence}</p><p class="advice">${advice}</p></li>`
        )
      }</ul>`,
    html`<p class="note">The thresholds are rules of thumb; each finding names its evidence, so that
you can judge it.</p>`,
  );
