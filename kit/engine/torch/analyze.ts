/**
 * The figures of a capture's traces, kept in its bundle.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { messageOf, UsageError } from "../../contract/errors.ts";
import { analyzeCapture } from "../../analysis/capture/analyze.ts";
import { ANALYSIS_NAME } from "../../analysis/capture/stored.ts";
import type { OpenCapture } from "../capture_run.ts";
import type { TorchCapture } from "./capture_facts.ts";

/**
 * Reads the workers' traces and writes `analysis.json`; what cannot be read becomes a note. Of a
 * rank with several traces the last is read.
 */
export async function analyzeTraces(
  context: RunContext,
  bundle: OpenCapture,
  capture: TorchCapture,
): Promise<void> {
  const byRank = new Map<string, string>();
  for (const { role, rank, dp = 0, path, bytes } of capture.traces) {
    if (role === "rank" && bytes > 0) byRank.set(`${dp} ${rank ?? path}`, `${bundle.dir}/${path}`);
  }
  if (byRank.size === 0) return;
  try {
    const analysis = await analyzeCapture(context.files, [...byRank.values()], {
      progress: (text) => context.output.progress(`Reading ${text}`),
    });
    await context.files.writeTextFile(
      `${bundle.dir}/${ANALYSIS_NAME}`,
      JSON.stringify(analysis, null, 1) + "\n",
    );
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    bundle.note("error", messageOf(error));
  }
}
