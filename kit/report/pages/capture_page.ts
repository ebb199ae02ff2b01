/**
 * What the pages of captures have in common: an analysis, its findings, sections.
 *
 * @module
 */

import { findCaptureFindings } from "../../analysis/capture/capture_findings.ts";
import { analysisOf } from "../../analysis/capture/stored.ts";
import { type Finding, gravestFirst } from "../../analysis/findings.ts";
import { noteFindings } from "../../analysis/note_findings.ts";
import { ChartRoom } from "../chart.ts";
import { pageOf } from "../page.ts";
import type { Section } from "../section.ts";
import type { CaptureSource } from "../sections/capture/source.ts";
import type { Page } from "./registry.ts";

/** The page of a capture, in the order of its sections. */
export function capturePage(sections: readonly Section<CaptureSource>[]): Page {
  return async (files, dir, manifest) => {
    const { analysis, reason } = await analysisOf(files, dir, manifest);
    const findings = gravestFirst([
      ...noteFindings(manifest),
      ...(reason === undefined ? [] : [unread(reason)]),
      ...(analysis ? findCaptureFindings(analysis) : []),
    ]);
    const charts = await ChartRoom.open();
    const source = { dir, manifest, analysis, findings, charts };
    return { html: await pageOf(source, sections), findings };
  };
}

function unread(reason: string): Finding {
  return {
    severity: "error",
    title: "The traces could not be read",
    evidence: reason,
    advice: "Record again; what could be written is in the bundle",
  };
}
