/**
 * The page of a session.
 *
 * @module
 */

import { findSessionFindings } from "../../analysis/findings.ts";
import { analyzeSession } from "../../analysis/session.ts";
import { pageOf } from "../page.ts";
import { ChartRoom } from "../chart.ts";
import type { Section } from "../section.ts";
import { account } from "../sections/account.ts";
import { experts } from "../sections/experts.ts";
import { graphs } from "../sections/graphs.ts";
import { encoders, hardware } from "../sections/hardware.ts";
import { questions } from "../sections/questions.ts";
import { coverage } from "../sections/coverage.ts";
import { filesSection } from "../sections/files.ts";
import { findingsSection } from "../sections/findings.ts";
import { head } from "../sections/head.ts";
import { operations } from "../sections/operations.ts";
import { ownProfilers } from "../sections/own_profilers.ts";
import { passes } from "../sections/passes.ts";
import { requests } from "../sections/requests.ts";
import { tiles } from "../sections/tiles.ts";
import { utilization } from "../sections/utilization.ts";
import { vllmMetrics } from "../sections/vllm_metrics.ts";
import { words } from "../sections/words.ts";
import type { Page } from "./registry.ts";

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
  ownProfilers,
  requests,
  account,
  vllmMetrics,
  coverage,
  filesSection,
  words,
];

/** Figures, charts and findings of a session. */
const page: Page = async (files, dir) => {
  const analysis = await analyzeSession(files, dir);
  const findings = findSessionFindings(analysis);
  const charts = await ChartRoom.open();
  const { manifest } = analysis;
  return {
    html: await pageOf({ dir, manifest, analysis, findings, charts }, SECTIONS),
    findings,
  };
};

export default page;
