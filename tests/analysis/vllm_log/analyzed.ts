/** Logs read from a file, as users have them. */

import { analyzeCapture } from "../../../kit/analysis/capture/analyze.ts";
import type { CaptureAnalysis } from "../../../kit/analysis/capture/model.ts";
import { UsageError } from "../../../kit/contract/errors.ts";
import { inFolder } from "../../folders.ts";

/** Reads texts or bytes as the logs of one run. */
export async function analyzedLogs(
  ...contents: readonly (string | Uint8Array)[]
): Promise<CaptureAnalysis> {
  return await inFolder(async (dir) => {
    const paths = contents.map((_, place) => `${dir}/${place}.log`);
    for (const [place, content] of contents.entries()) {
      await Deno.writeFile(
        paths[place]!,
        typeof content === "string" ? new TextEncoder().encode(content) : content,
      );
    }
    return await analyzeCapture(Deno, paths);
  });
}

/** Reads one log; gives the message of the error where it is refused. */
export async function logOutcome(
  content: string | Uint8Array,
): Promise<{ analysis?: CaptureAnalysis; refused?: string }> {
  try {
    return { analysis: await analyzedLogs(content) };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { refused: error.message };
  }
}

/** A line as vLLM 0.15 to 0.31 write it: the process is put before it. */
export function line(
  message: string,
  { process = "EngineCore_DP0", pid = 77, at = "01-28 12:00:00", file = "core.py:348" } = {},
): string {
  return `(${process} pid=${pid}) INFO ${at} [${file}] ${message}`;
}

/** The words of an iteration in all versions. */
export function iteration(
  number: number,
  [contextRequests, contextTokens, generationRequests, generationTokens]: readonly [
    number,
    number,
    number,
    number,
  ],
  elapsed: string,
): string {
  return `Iteration(${number}): ${contextRequests} context requests, ${contextTokens} context ` +
    `tokens, ${generationRequests} generation requests, ${generationTokens} generation tokens, ` +
    `iteration elapsed time: ${elapsed} ms`;
}
