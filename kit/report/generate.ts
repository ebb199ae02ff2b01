/**
 * Writes the report of a bundle.
 *
 * @module
 */

import { analyzeSession } from "../analysis/session.ts";
import { type Finding, findSessionFindings } from "../analysis/findings.ts";
import { recordArtifacts } from "../bundle/merge.ts";
import type { FileSystem } from "../contract/context.ts";
import { messageOf, UsageError } from "../contract/errors.ts";
import { sessionPage } from "./page.ts";

/** Name of the report within a bundle. */
export const REPORT_NAME = "report.html";

/**
 * Writes the page of a merged session bundle. Needs read permission on `dir`, and write permission
 * on the target.
 *
 * @param target Where it goes; without it `report.html` in the bundle, which then lists it.
 * @throws {UsageError} when there is no bundle, or the target cannot be written.
 */
export async function generateReport(
  files: FileSystem,
  dir: string,
  target = `${dir}/${REPORT_NAME}`,
): Promise<{ path: string; findings: Finding[] }> {
  const analysis = await analyzeSession(files, dir);
  const page = await sessionPage(analysis);
  try {
    await files.writeTextFile(target, page);
  } catch (error) {
    throw new UsageError(
      `Cannot write the report to "${target}": ${messageOf(error)}; give another file with --out`,
    );
  }
  if (target === `${dir}/${REPORT_NAME}`) await recordArtifacts(files, dir);
  return { path: target, findings: findSessionFindings(analysis) };
}
