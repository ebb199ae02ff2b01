/**
 * The page of an automation: the answer first, then the figures of all stages.
 *
 * @module
 */

import { findCaptureFindings } from "../../analysis/capture/capture_findings.ts";
import { analysisOf, readAnalysis } from "../../analysis/capture/stored.ts";
import { type Finding, findSessionFindings, gravestFirst } from "../../analysis/findings.ts";
import { noteFindings } from "../../analysis/note_findings.ts";
import { analyzeSession } from "../../analysis/session.ts";
import type { Manifest } from "../../bundle/manifest.ts";
import { readManifest } from "../../bundle/manifest_file.ts";
import { messageOf } from "../../contract/errors.ts";
import type { FileSystem } from "../../contract/context.ts";
import { ChartRoom } from "../chart.ts";
import { pageOf } from "../page.ts";
import type { Section } from "../section.ts";
import { answerSection } from "../sections/automation/answer.ts";
import { type AutomationSource, of, type Parts } from "../sections/automation/source.ts";
import { stagesSection } from "../sections/automation/stages.ts";
import { categoriesSection } from "../sections/capture/categories.ts";
import { idleSection } from "../sections/capture/idle.ts";
import { kernelsSection } from "../sections/capture/kernels.ts";
import { ncuKernelsSection } from "../sections/capture/ncu_kernels.ts";
import { nsysRecording } from "../sections/capture/nsys_recording.ts";
import { ranksSection } from "../sections/capture/ranks.ts";
import { rooflineSection } from "../sections/capture/roofline.ts";
import { stepsSection } from "../sections/capture/steps.ts";
import { captureTiles } from "../sections/capture/tiles.ts";
import { timelineSection } from "../sections/capture/timeline.ts";
import { transfersSection } from "../sections/capture/transfers.ts";
import { captureWords } from "../sections/capture/words.ts";
import { experts } from "../sections/experts.ts";
import { filesSection } from "../sections/files.ts";
import { findingsSection } from "../sections/findings.ts";
import { head } from "../sections/head.ts";
import { tiles } from "../sections/tiles.ts";
import type { Page } from "./registry.ts";

const SECTIONS: readonly Section<AutomationSource>[] = [
  head,
  of("nsys", captureTiles),
  // Where nothing else was asked for, the session's figures are the headline.
  (source) => source.parts.nsys ? undefined : of("moe", tiles)(source),
  answerSection,
  findingsSection,
  stagesSection,
  of("nsys", stepsSection),
  of("nsys", categoriesSection),
  of("nsys", timelineSection),
  of("nsys", kernelsSection),
  of("nsys", idleSection),
  of("ncu", rooflineSection),
  of("ncu", ncuKernelsSection),
  of("moe", experts),
  of("nsys", transfersSection),
  of("nsys", ranksSection),
  of("nsys", nsysRecording),
  filesSection,
  captureWords,
];

/** Figures and findings of all stages. */
const page: Page = async (files, dir, manifest) => {
  const charts = await ChartRoom.open();
  const parts: Parts = {};
  const findings = noteFindings(manifest);
  for (const part of ["nsys", "ncu", "moe"] as const) {
    try {
      const own = await read(part, files, dir, charts, parts);
      findings.push(...marked(part, own.filter((finding) => !isTold(manifest, finding))));
    } catch (error) {
      findings.push({
        severity: "error",
        title: `What ${part} left cannot be read`,
        evidence: messageOf(error),
        advice: "The other stages are shown; run the same command with another --out for this one",
      });
    }
  }
  const found = gravestFirst(findings);
  const source = { dir, manifest, findings: found, charts, parts };
  return { html: await pageOf(source, SECTIONS), findings: found };
};

export default page;

/** Reads the bundle of a stage, if it is there; gives its findings. */
async function read(
  part: keyof Parts,
  files: FileSystem,
  parent: string,
  charts: ChartRoom,
  parts: Parts,
): Promise<Finding[]> {
  const dir = `${parent}/${part}`;
  const manifest = await readManifest(files, dir);
  if (!manifest) return [];
  if (part === "moe") {
    if (manifest.status === undefined) return [];
    const analysis = await analyzeSession(files, dir);
    const findings = findSessionFindings(analysis);
    parts.moe = { dir, manifest, analysis, findings, charts };
    return findings;
  }
  const { analysis, findings } = await capture(part, files, dir, manifest);
  parts[part] = { dir, manifest, analysis, findings, charts };
  return findings;
}

async function capture(part: "nsys" | "ncu", files: FileSystem, dir: string, manifest: Manifest) {
  if (part === "ncu") {
    const analysis = await readAnalysis(files, dir);
    return { analysis, findings: [...noteFindings(manifest), ...analysis?.findings ?? []] };
  }
  const { analysis } = await analysisOf(files, dir, manifest);
  const findings = analysis ? findCaptureFindings(analysis) : [];
  return { analysis, findings: [...noteFindings(manifest), ...findings] };
}

/** Whether the run itself says so: why a stage failed. */
function isTold({ notes }: Manifest, { evidence }: Finding): boolean {
  return notes.some(({ message }) => message.includes(evidence));
}

/** Says of each finding where it is from. */
function marked(part: string, findings: readonly Finding[]): Finding[] {
  return findings.map((finding) => ({ ...finding, evidence: `${part}: ${finding.evidence}` }));
}
