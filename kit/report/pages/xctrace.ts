/**
 * The page of a whole-process recording.
 *
 * @module
 */

import type { Finding } from "../../analysis/findings.ts";
import { noteFindings } from "../../analysis/note_findings.ts";
import { XCTRACE_NAME, type XctraceSummary } from "../../analysis/xctrace/summary.ts";
import type { FileSystem } from "../../contract/context.ts";
import { ChartRoom } from "../chart.ts";
import { pageOf } from "../page.ts";
import type { Section } from "../section.ts";
import { filesSection } from "../sections/files.ts";
import { findingsSection } from "../sections/findings.ts";
import { head } from "../sections/head.ts";
import {
  xctraceCpu,
  xctraceGpu,
  xctraceLimits,
  type XctraceSource,
  xctraceThermal,
  xctraceTiles,
  xctraceTrace,
} from "../sections/xctrace_figures.ts";
import type { Page } from "./registry.ts";

const SECTIONS: readonly Section<XctraceSource>[] = [
  head,
  xctraceTiles,
  xctraceTrace,
  findingsSection,
  xctraceGpu,
  xctraceCpu,
  xctraceThermal,
  xctraceLimits,
  filesSection,
];

/** The figures of the trace. */
const page: Page = async (files, dir, manifest) => {
  const summary = await readSummary(files, dir);
  const findings = [...noteFindings(manifest), ...(summary ? findingsOf(summary) : [])];
  const charts = await ChartRoom.open();
  return { html: await pageOf({ dir, manifest, findings, charts, summary }, SECTIONS), findings };
};

export default page;

async function readSummary(files: FileSystem, dir: string): Promise<XctraceSummary | undefined> {
  try {
    const summary = JSON.parse(await files.readTextFile(`${dir}/${XCTRACE_NAME}`));
    return summary?.schema_version === 1 && Array.isArray(summary.tables) ? summary : undefined;
  } catch {
    return undefined;
  }
}

/** What the figures say. */
function findingsOf({ thermal, gpu }: XctraceSummary): Finding[] {
  const found: Finding[] = [];
  if (thermal && ["Serious", "Critical"].includes(thermal.worst)) {
    found.push({
      severity: "warning",
      title: "The machine became too warm",
      evidence: `Thermal state ${thermal.worst} was reached`,
      advice: "It clocks down then: let it cool, and compare only runs at Nominal",
    });
  }
  if (gpu && gpu.processes.length === 0) {
    found.push({
      severity: "warning",
      title: "No work on the GPU was recorded",
      evidence: "The table of GPU intervals has no rows",
      advice: "Check that the engine ran requests while it was recorded, and used the GPU",
    });
  }
  return found;
}
