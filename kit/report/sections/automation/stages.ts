/**
 * The stages of a run: how each ended, how long it took, and where its own page is.
 *
 * @module
 */

import type { StageRecord } from "../../../bundle/manifest.ts";
import { withUnit } from "../../format.ts";
import { type Content, html } from "../../html.ts";
import { type Section, table, titled } from "../../section.ts";
import type { AutomationSource } from "./source.ts";

/** The table; its links lead into the bundle. */
export const stagesSection: Section<AutomationSource> = ({ manifest }) => {
  const stages = manifest.stages ?? [];
  if (stages.length === 0) return undefined;
  const pages = new Set(manifest.artifacts.map(({ path }) => path));
  return titled(
    "stages",
    "Stages",
    table(
      "What was done, one after the other",
      ["stage", "status", "took#", "of which", "why", "page", "log"],
      stages.map((stage) => row(stage, pages)),
    ),
  );
};

function row(stage: StageRecord, pages: ReadonlySet<string>): Content[] {
  const { title, status, seconds, reason, steps = [], bundle, log } = stage;
  const page = `${bundle}/report.html`;
  return [
    title,
    status ?? "not reached",
    withUnit(seconds, "s"),
    steps.map(({ name, seconds }) => `${name} ${withUnit(seconds, "s")}`).join("; "),
    reason,
    bundle !== undefined && pages.has(page) ? html`<a href="${page}">${bundle}</a>` : "",
    log !== undefined && pages.has(log) ? html`<a href="${log}">log</a>` : "",
  ];
}
