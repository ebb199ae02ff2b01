/**
 * An analysis that a bundle holds.
 *
 * @module
 */

import type { Manifest } from "../../bundle/manifest.ts";
import type { FileSystem } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";
import { analyzeCapture } from "./analyze.ts";
import type { CaptureAnalysis } from "./model.ts";

/** Name of the analysis within a bundle. */
export const ANALYSIS_NAME = "analysis.json";

/**
 * Reads the analysis of a bundle, or nothing where there is none. Needs read permission.
 *
 * @throws {UsageError} when it is not one that this vscope can read.
 */
export async function readAnalysis(
  files: FileSystem,
  dir: string,
): Promise<CaptureAnalysis | undefined> {
  const path = `${dir}/${ANALYSIS_NAME}`;
  let text: string;
  try {
    text = await files.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  let parsed: CaptureAnalysis | undefined;
  try {
    parsed = JSON.parse(text);
  } catch {
    // Said below.
  }
  if (parsed?.schema_version !== 1 || !Array.isArray(parsed.sources)) {
    throw new UsageError(
      `Cannot read "${path}": it is no analysis of version 1; make it again: ` +
        `vscope analyze --json ${dir}/traces/*.json.gz > ${path}`,
    );
  }
  return parsed;
}

/** Traces of a bundle's workers; the front end's says nothing of the work. */
const RANK_TRACE = /^traces\/(?!.*async_llm).*\.trace\.json(\.gz)?$|\.sqlite$/;

/**
 * The analysis of a bundle: the stored one, or where its vscope did not get that far, one made now
 * of the traces that are there. Needs read permission.
 *
 * @returns Nothing, with the reason, where there is nothing to be read.
 * @throws {UsageError} when the stored one is not one that this vscope can read.
 */
export async function analysisOf(
  files: FileSystem,
  dir: string,
  manifest: Manifest,
): Promise<{ analysis?: CaptureAnalysis; reason?: string }> {
  const stored = await readAnalysis(files, dir);
  if (stored) return { analysis: stored };
  const traces = manifest.artifacts.filter(({ path, bytes }) => RANK_TRACE.test(path) && bytes > 0);
  if (traces.length === 0) return {};
  try {
    return { analysis: await analyzeCapture(files, traces.map(({ path }) => `${dir}/${path}`)) };
  } catch (error) {
    if (error instanceof UsageError) return { reason: error.message };
    throw error;
  }
}
