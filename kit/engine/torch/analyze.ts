/**
 * The figures of a capture's traces, kept in its bundle.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { messageOf, UsageError } from "../../contract/errors.ts";
import { analyzeCapture } from "../../analysis/capture/analyze.ts";
import { readHostTimeline } from "../../analysis/torch/host_timeline.ts";
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
    const paths = [...byRank.values()];
    const progress = (text: string) => context.output.progress(`Reading ${text}`);
    const analysis = await analyzeCapture(context.files, paths, { progress });
    // Where nothing ran on a GPU the picture of a step is that of its host.
    const host_timeline = analysis.gpu
      ? undefined
      : await readHostTimeline(context.files, paths[0]!, analysis, { progress });
    await context.files.writeTextFile(
      `${bundle.dir}/${ANALYSIS_NAME}`,
      JSON.stringify({ ...analysis, ...(host_timeline ? { host_timeline } : {}) }, null, 1) + "\n",
    );
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    bundle.note("error", messageOf(error));
  }
}
