/**
 * CUDA graphs of a session, read for the report.
 *
 * @module
 */

import type { FileSystem } from "../contract/context.ts";
import { eachRow, ofFirstRank } from "./table_rows.ts";

/** A descriptor and its replays, of the first rank. */
export interface GraphUse {
  /** `FULL` or `PIECEWISE`. */
  mode: string;
  /** Tokens that it was captured for. */
  tokens: number;
  /** How often it was replayed. */
  replays: number;
}

/** `cuda_graph_summary.json` and the descriptors. */
export interface GraphAnalysis {
  /** What merging summed up. */
  summary: {
    forward_passes?: number;
    replayed_passes?: number;
    coverage_pct?: number;
    coverage_pct_by_phase?: Record<string, number>;
    padding_waste_pct?: number;
    graph_launches?: number;
  };
  /** The most replayed first. */
  uses: GraphUse[];
}

/** Reads them; nothing where no pass could have replayed a graph. Needs read permission. */
export async function readGraphs(
  files: FileSystem,
  dir: string,
): Promise<GraphAnalysis | undefined> {
  let summary: GraphAnalysis["summary"];
  try {
    summary = JSON.parse(await files.readTextFile(`${dir}/cuda_graph_summary.json`));
  } catch {
    return undefined;
  }
  const uses: GraphUse[] = [];
  await eachRow(files, dir, "cuda_graph_usage", (cell, number) => {
    if (!ofFirstRank(cell)) return;
    uses.push({
      mode: cell("runtime_mode"),
      tokens: number("num_tokens"),
      replays: number("replay_count"),
    });
  });
  return { summary, uses };
}
