/** Traces read from a file, as users have them. */

import { analyzeCapture } from "../../../kit/analysis/capture/analyze.ts";
import type { CaptureAnalysis } from "../../../kit/analysis/capture/model.ts";
import { UsageError } from "../../../kit/contract/errors.ts";
import { inFolder } from "../../folders.ts";

/** Reads texts or bytes as the files of one run, `rank0.json` and so on. */
export async function analyzed(
  contents: readonly (string | Uint8Array)[],
  ending = ".json",
): Promise<CaptureAnalysis> {
  return await inFolder(async (dir) => {
    const paths = contents.map((_, rank) => `${dir}/rank${rank}.pt.trace${ending}`);
    for (const [rank, content] of contents.entries()) {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      await Deno.writeFile(paths[rank]!, bytes);
    }
    return await analyzeCapture(Deno, paths);
  });
}

/** Reads one file; gives the message of the error where it is refused. */
export async function outcome(
  content: string | Uint8Array,
  ending?: string,
): Promise<{ analysis?: CaptureAnalysis; refused?: string }> {
  try {
    return { analysis: await analyzed([content], ending) };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { refused: error.message };
  }
}
