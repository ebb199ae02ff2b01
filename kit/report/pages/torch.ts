/**
 * The page of a torch capture.
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
import { categoriesSection } from "../sections/capture/categories.ts";
import { hostTimelineSection } from "../sections/capture/host_timeline.ts";
import { idleSection } from "../sections/capture/idle.ts";
import { kernelsSection } from "../sections/capture/kernels.ts";
import { operatorsSection } from "../sections/capture/operators.ts";
import { ranksSection } from "../sections/capture/ranks.ts";
import { recording } from "../sections/capture/recording.ts";
import type { CaptureSource } from "../sections/capture/source.ts";
import { stepsSection } from "../sections/capture/steps.ts";
import { captureTiles } from "../sections/capture/tiles.ts";
import { timelineSection } from "../sections/capture/timeline.ts";
import { transfersSection } from "../sections/capture/transfers.ts";
import { captureWords } from "../sections/capture/words.ts";
import { filesSection } from "../sections/files.ts";
import { findingsSection } from "../sections/findings.ts";
import { head } from "../sections/head.ts";
import type { Page } from "./registry.ts";

const SECTIONS: readonly Section<CaptureSource>[] = [
  head,
  captureTiles,
  findingsSection,
  recording,
  stepsSection,
  timelineSection,
  hostTimelineSection,
  categoriesSection,
  kernelsSection,
  idleSection,
  transfersSection,
  operatorsSection,
  ranksSection,
  filesSection,
  captureWords,
];

/** Figures, timeline and findings of a torch capture. */
const page: Page = async (files, dir, manifest) => {
  const { analysis, reason } = await analysisOf(files, dir, manifest);
  const findings = gravestFirst([
    ...noteFindings(manifest),
    ...(reason === undefined ? [] : [unread(reason)]),
    ...(analysis ? findCaptureFindings(analysis) : []),
  ]);
  const charts = await ChartRoom.open();
  const source = { dir, manifest, analysis, findings, charts };
  return { html: await pageOf(source, SECTIONS), findings };
};

function unread(reason: string): Finding {
  return {
    severity: "error",
    title: "The traces could not be read",
    evidence: reason,
    advice: "Record again; what could be written is in the bundle",
  };
}

export default page;
