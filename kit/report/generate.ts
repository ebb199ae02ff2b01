/**
 * Writes the report of a bundle.
 *
 * @module
 */

import type { Finding } from "../analysis/findings.ts";
import { readManifest } from "../bundle/manifest_file.ts";
import { writeWhole } from "../bundle/files/whole_file.ts";
import { recordArtifacts } from "../bundle/merge/merge.ts";
import type { FileSystem } from "../contract/context.ts";
import { messageOf, UsageError } from "../contract/errors.ts";
import { isSweep } from "../sweep/validate_sweep.ts";
import { foreignSweep } from "./foreign_sweep.ts";
import { pageFor } from "./pages/registry.ts";

/** Name of the report within a bundle. */
const REPORT_NAME = "report.html";

/**
 * Writes the page of a bundle. Needs read permission on `dir`, and write permission
 * on the target.
 *
 * @param against Another sweep, drawn over this one.
 * @param target Where it goes; without it `report.html` in the bundle, which then lists it.
 * @throws {UsageError} when there is no bundle, or the target cannot be written.
 *
 * @example A page beside the bundle
 * ```ts
 * import assert from "node:assert/strict";
 * import { generateReport } from "@vscope/vscope";
 *
 * const dir = await Deno.makeTempDir();
 * const { path } = await generateReport(Deno, "perf/examples/session", `${dir}/page.html`);
 * assert.match(await Deno.readTextFile(path), /<title>.*session/);
 * await Deno.remove(dir, { recursive: true });
 * ```
 */
export async function generateReport(
  files: FileSystem,
  dir: string,
  target = `${dir}/${REPORT_NAME}`,
  against?: string,
): Promise<{ path: string; findings: Finding[] }> {
  const own = await readManifest(files, dir);
  const manifest = own ?? await foreignSweep(files, dir);
  if (!manifest) {
    throw new UsageError(`Cannot read "${dir}": it holds no bundle.json; give a bundle's folder`);
  }
  if (against !== undefined && !await isSweep(files, dir)) {
    throw new UsageError(
      `Cannot draw "${against}" over "${dir}": that is no sweep; two sweeps can be drawn on one page`,
    );
  }
  const draw = await pageFor(files, dir, manifest);
  const { html, findings } = await draw(files, dir, manifest, against);
  try {
    const own = target === `${dir}/${REPORT_NAME}`;
    // A place that a person names may be a device or a link of theirs.
    await (own ? writeWhole(files, target, html) : files.writeTextFile(target, html));
  } catch (error) {
    throw new UsageError(
      `Cannot write the report to "${target}": ${messageOf(error)}; give another file with --out`,
    );
  }
  if (own && target === `${dir}/${REPORT_NAME}`) await recordArtifacts(files, dir);
  return { path: target, findings };
}
