/**
 * The page of a Metal frame capture.
 *
 * @module
 */

import { noteFindings } from "../../analysis/note_findings.ts";
import { readMetalRecord } from "../../bundle/metal_record.ts";
import { ChartRoom } from "../chart.ts";
import { pageOf } from "../page.ts";
import type { Section } from "../section.ts";
import { filesSection } from "../sections/files.ts";
import { findingsSection } from "../sections/findings.ts";
import { head } from "../sections/head.ts";
import {
  metalCaptures,
  metalEstimate,
  metalGuards,
  type MetalSource,
} from "../sections/metal_captures.ts";
import { metalReading } from "../sections/metal_reading.ts";
import type { Page } from "./registry.ts";

const SECTIONS: readonly Section<MetalSource>[] = [
  head,
  metalCaptures,
  findingsSection,
  metalReading,
  metalEstimate,
  metalGuards,
  filesSection,
];

/** How to open the traces and how to read them. */
const page: Page = async (files, dir, manifest) => {
  const findings = noteFindings(manifest);
  const record = await readMetalRecord(files, dir);
  const charts = await ChartRoom.open();
  return { html: await pageOf({ dir, manifest, findings, charts, record }, SECTIONS), findings };
};

export default page;
