/**
 * CUDA graphs of a session, read for the report.
 *
 * @module
 */

import { columnReader, readCsv } from "../bundle/csv_file.ts";
import { SESSION_TABLES } from "../bundle/session_tables.ts";
import type { FileSystem } from "../contract/context.ts";

/** A descriptor and its replays, of the first rank. */
export interface GraphUse {
  mode: string;
  tokens: number;
  replays: number;
  captureSec?: number;
}

/** `cuda_graph_summary.json` and the descriptors. */
export interface GraphAnalysis {
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
  const stream = await readCsv(files, `${dir}/${SESSION_TABLES.cuda_graph_usage.path}`);
  if (stream) {
    const read = columnReader(stream.header);
    for await (const batch of stream.batches) {
      for (const row of batch) {
        if (!["", "0"].includes(read(row, "rank"))) continue;
        uses.push({
          mode: read(row, "runtime_mode"),
          tokens: Number(read(row, "num_tokens")),
          replays: Number(read(row, "replay_count")),
        });
      }
    }
  }
  return { summary, uses };
}
