/**
 * The expert tables of a session, read for the report.
 *
 * @module
 */

import { columnReader, readCsv } from "../bundle/csv_file.ts";
import { SESSION_TABLES, type SessionTableName } from "../bundle/session_tables.ts";
import type { FileSystem } from "../contract/context.ts";
import { type Points, Series } from "./downsample.ts";

/** A layer's load: choices per expert. */
export interface LayerLoad {
  layer: number;
  counts: number[];
  total: number;
  /** Share of the experts that any token chose, in percent. */
  coveragePct: number;
  /** Largest over smallest load; absent where an expert has none. */
  maxMinRatio?: number;
  /** Sample deviation over the mean. */
  stdOverMean: number;
}

/** A pair of experts that tokens chose together. */
export interface ExpertPair {
  layer: number;
  first: number;
  second: number;
  count: number;
}

/** What the routers did. */
export interface ExpertAnalysis {
  layers: LayerLoad[];
  /** The pairs chosen most often. */
  pairs: ExpertPair[];
  /** Deviation over mean between two samples, the mean of all layers, over time. */
  imbalance: Points;
  /** Whether every layer made tokens times top-k choices. */
  exact?: boolean;
}

/** Pairs that the report shows. */
const MOST_PAIRS = 12;

/** Reads the tables; nothing where the session has none. Needs read permission. */
export async function readExperts(
  files: FileSystem,
  dir: string,
): Promise<ExpertAnalysis | undefined> {
  const loads = new Map<number, number[]>();
  await each(files, dir, "moe_expert_activations", (number) => {
    const layer = number("layer_idx");
    const counts = loads.get(layer) ?? [];
    loads.set(layer, counts);
    const expert = number("expert_id");
    counts[expert] = (counts[expert] ?? 0) + number("activation_count");
  });
  if (loads.size === 0) return undefined;
  const pairs: ExpertPair[] = [];
  await each(files, dir, "moe_expert_coselection", (number) => {
    if (pairs.length >= MOST_PAIRS) return;
    pairs.push({
      layer: number("layer_idx"),
      first: number("expert_id_1"),
      second: number("expert_id_2"),
      count: number("coselection_count"),
    });
  });
  const layers = [...loads].sort(([a], [b]) => a - b).map(([layer, counts]) =>
    loadOf(layer, counts)
  );
  return { layers, pairs, imbalance: await readImbalance(files, dir) };
}

function loadOf(layer: number, counts: number[]): LayerLoad {
  const total = counts.reduce((a, b) => a + b, 0);
  const mean = total / counts.length;
  const squares = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0);
  const least = Math.min(...counts);
  return {
    layer,
    counts,
    total,
    coveragePct: 100 * counts.filter((count) => count > 0).length / counts.length,
    ...(least > 0 ? { maxMinRatio: Math.max(...counts) / least } : {}),
    stdOverMean: mean === 0 ? 0 : Math.sqrt(squares / Math.max(1, counts.length - 1)) / mean,
  };
}

async function readImbalance(files: FileSystem, dir: string): Promise<Points> {
  const series = new Series();
  let at = NaN;
  let [sum, layers] = [0, 0];
  const close = () => {
    if (layers > 0) series.add(at, sum / layers);
    [sum, layers] = [0, 0];
  };
  await each(files, dir, "moe_load_imbalance", (number) => {
    if (number("timestamp_sec") !== at) close();
    at = number("timestamp_sec");
    const share = number("std_dev") / number("mean_activations");
    if (Number.isFinite(share)) [sum, layers] = [sum + share, layers + 1];
  });
  close();
  return series.points();
}

async function each(
  files: FileSystem,
  dir: string,
  name: SessionTableName,
  take: (number: (column: string) => number) => void,
): Promise<void> {
  const stream = await readCsv(files, `${dir}/${SESSION_TABLES[name].path}`);
  if (!stream) return;
  const read = columnReader(stream.header);
  for await (const batch of stream.batches) {
    for (const row of batch) take((column) => Number(read(row, column) || NaN));
  }
}
