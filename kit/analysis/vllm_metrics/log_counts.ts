/**
 * What vLLM writes to its log where its own measuring is on: iterations, and CUDA graphs by shape.
 *
 * @module
 */

import { LOGS_FOLDER } from "../../bundle/vllm_metrics_files.ts";
import type { FileSystem } from "../../contract/context.ts";
import { lineBatches, type TextEnd } from "../capture/lines.ts";
import { readEntry } from "../vllm_log/entry.ts";
import { readIteration } from "../vllm_log/iteration_message.ts";

/** Sums over the log. */
export interface LogCounts {
  /** Lines of `--enable-logging-iteration-details`; without dummies and those without a token. */
  iterations: number;
  iterationTokens: number;
  /** Forward passes by runtime mode, of the tables that `--cudagraph-metrics` prints. */
  graphModes: Map<string, number>;
}

/** A row of such a table: tokens, tokens with padding, paddings, mode, passes. */
const GRAPH_ROW = /^\|\s*\d+\s*\|\s*\d+\s*\|\s*\d+\s*\|\s*([A-Z_]+)\s*\|\s*(\d+)\s*\|$/;

/** Reads the logs of a session's command. Needs read permission. */
export async function logCounts(files: FileSystem, dir: string): Promise<LogCounts> {
  const counts: LogCounts = { iterations: 0, iterationTokens: 0, graphModes: new Map() };
  for (const name of ["stdout.log", "stderr.log"]) {
    const path = `${dir}/${LOGS_FOLDER}/${name}`;
    if (!await files.stat(path).then(({ isFile }) => isFile, () => false)) continue;
    const end: TextEnd = { cut: "" };
    for await (const lines of lineBatches(files, path, end)) {
      for (const line of lines) take(counts, line);
    }
  }
  return counts;
}

function take(counts: LogCounts, line: string): void {
  // Most lines are of neither kind, and to take one apart costs more than to look.
  if (line.includes("Iteration(")) {
    const told = readIteration(readEntry(line).message);
    const tokens = told ? told.contextTokens + told.generationTokens : 0;
    if (!told || told.dummy || tokens === 0) return;
    counts.iterations++;
    counts.iterationTokens += tokens;
  } else if (line.includes("|")) {
    const [, mode, passes] = GRAPH_ROW.exec(readEntry(line).message.trim()) ?? [];
    if (mode === undefined) return;
    counts.graphModes.set(mode, (counts.graphModes.get(mode) ?? 0) + Number(passes));
  }
}
