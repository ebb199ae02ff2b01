/**
 * The page of a bundle that no other page knows: what ran, how it ended, and the files.
 *
 * @module
 */

import { noteFindings } from "../../analysis/note_findings.ts";
import { ChartRoom } from "../chart.ts";
import { pageOf } from "../page.ts";
import { filesSection } from "../sections/files.ts";
import { findingsSection } from "../sections/findings.ts";
import { head } from "../sections/head.ts";
import type { Page } from "./registry.ts";

/** Head, notes and files. */
const page: Page = async (_files, dir, manifest) => {
  const findings = noteFindings(manifest);
  const charts = await ChartRoom.open();
  const source = { dir, manifest, findings, charts };
  return { html: await pageOf(source, [head, findingsSection, filesSection]), findings };
};

export default page;
