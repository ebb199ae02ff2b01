/**
 * The page of kernels that Nsight Compute measured.
 *
 * @module
 */

import { readAnalysis } from "../../analysis/capture/stored.ts";
import { gravestFirst } from "../../analysis/findings.ts";
import { noteFindings } from "../../analysis/note_findings.ts";
import { ChartRoom } from "../chart.ts";
import { pageOf } from "../page.ts";
import type { Section } from "../section.ts";
import { ncuKernelsSection } from "../sections/capture/ncu_kernels.ts";
import { ncuRecording } from "../sections/capture/ncu_recording.ts";
import { rooflineSection } from "../sections/capture/roofline.ts";
import type { CaptureSource } from "../sections/capture/source.ts";
import { filesSection } from "../sections/files.ts";
import { findingsSection } from "../sections/findings.ts";
import { head } from "../sections/head.ts";
import { definitions } from "../sections/words.ts";
import type { Page } from "./registry.ts";

const WORDS = definitions<CaptureSource>([
  ["bound by memory", "the memory system works nearer to its peak than the multiprocessors do"],
  ["bound by compute", "the multiprocessors work nearer to their peak than the memory does"],
  ["bound by latency", "neither is near its peak: the launch is too small, or waits within itself"],
  ["occupancy", "active warps over the warps that a multiprocessor can hold"],
  ["of roof", "operations a second over what the roofline allows at this many per byte"],
  [
    "mean",
    "Nsight Compute runs a kernel alone, with caches and clocks as it is told: no time of a real step",
  ],
]);

const SECTIONS: readonly Section<CaptureSource>[] = [
  head,
  findingsSection,
  ncuRecording,
  rooflineSection,
  ncuKernelsSection,
  filesSection,
  WORDS,
];

/** Roofline, tables and findings of a bundle's analysis. */
const page: Page = async (files, dir, manifest) => {
  const analysis = await readAnalysis(files, dir);
  const findings = gravestFirst([...noteFindings(manifest), ...analysis?.findings ?? []]);
  const charts = await ChartRoom.open();
  return { html: await pageOf({ dir, manifest, analysis, findings, charts }, SECTIONS), findings };
};

export default page;
