/**
 * The page of a sweep, anybody's.
 *
 * @module
 */

import { type Finding, gravestFirst } from "../../analysis/findings.ts";
import { noteFindings } from "../../analysis/note_findings.ts";
import type { LintFinding } from "../../sweep/lint/finding.ts";
import { lintBundle } from "../../sweep/lint/lint.ts";
import { isSweep } from "../../sweep/validate_sweep.ts";
import { ChartRoom } from "../chart.ts";
import { pageOf } from "../page.ts";
import type { Section } from "../section.ts";
import { filesSection } from "../sections/files.ts";
import { findingsSection } from "../sections/findings.ts";
import { attentionSurfaces } from "../sections/sweep/attention.ts";
import { expertCurves, operatorCurves } from "../sections/sweep/curves.ts";
import { errorSection } from "../sections/sweep/errors.ts";
import { sweepHead } from "../sections/sweep/head.ts";
import { skewSection } from "../sections/sweep/skew.ts";
import { readHeldOut, readSweep, type SweepSource } from "../sections/sweep/source.ts";
import { definitions } from "../sections/words.ts";
import plain from "./plain.ts";
import type { Page } from "./registry.ts";

const WORDS = definitions<SweepSource>([
  ["chunk", "the tokens of a prompt that one step computes"],
  ["history", "tokens of a request that the KV cache has already"],
  [
    "alpha",
    "how far unequal decodes go from the time of their mean history to that of the longest",
  ],
  ["TP", "tensor parallelism: the times are of one rank, without what ranks say to each other"],
]);

const SECTIONS: readonly Section<SweepSource>[] = [
  sweepHead,
  findingsSection,
  operatorCurves,
  attentionSurfaces,
  expertCurves,
  skewSection,
  errorSection,
  (source) => source.manifest.artifacts.length > 0 ? filesSection(source) : undefined,
  WORDS,
];

/** Curves, surfaces, errors and flaws of a sweep; of another too, where one is to be drawn over it. */
const page: Page = async (files, dir, manifest, against) => {
  // Where the engine measured nothing there is only to tell why.
  if (!await isSweep(files, dir)) return await plain(files, dir, manifest);
  const sweep = await readSweep(files, dir);
  const other = against === undefined ? undefined : await readSweep(files, against);
  const lint = (await lintBundle(files, dir, dir)).map(lintFinding);
  const findings = gravestFirst([...noteFindings(manifest), ...lint]);
  const charts = await ChartRoom.open();
  const held = await readHeldOut(files, dir);
  const source = { dir, manifest, findings, charts, sweep, held, ...(other ? { other } : {}) };
  return { html: await pageOf(source, SECTIONS), findings };
};

function lintFinding({ rule, severity, file, message, rows }: LintFinding): Finding {
  return {
    severity,
    title: rule,
    evidence: `${file}: ${message}`,
    advice: rows > 0 ? `It concerns ${rows} rows.` : "",
  };
}

export default page;
