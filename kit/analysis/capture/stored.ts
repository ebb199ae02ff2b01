/**
 * An analysis that a bundle holds.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";
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
