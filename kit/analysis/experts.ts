/**
 * The expert tables of a session, read for the report.
 *
 * @module
 */

import { Samples } from "../bundle/merge/samples.ts";
import type { FileSystem } from "../contract/context.ts";
import { type Points, Series } from "./downsample.ts";
import { ExpertDrift } from "./expert_drift.ts";
import { eachRow } from "./table_rows.ts";

/** A layer's load: choices per expert. */
export interface LayerLoad {
  /** Index of the layer. */
  layer: number;
  /** Choices of each expert. */
  counts: number[];
  /** Their sum. */
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
  /** Index of the layer. */
  layer: number;
  /** The expert with the smaller number. */
  first: number;
  /** The other one. */
  second: number;
  /** Tokens that chose both. */
  count: number;
}

/** What the routers did. */
export interface ExpertAnalysis {
  /** By layer. */
  layers: LayerLoad[];
  /** The pairs chosen most often. */
  pairs: ExpertPair[];
  /** Deviation over mean between two samples, the mean of all layers, over time. */
  imbalance: Points;
  /**
   * Deviation over mean in each quarter of the choices, the quadratic mean of all layers, without what chance makes;
   * absent where too few samples tell.
   */
  quarters?: number[];
}

/** Largest difference between two quarters. */
export function driftOf(quarters: readonly number[]): number {
  return Math.max(...quarters) - Math.min(...quarters);
}

/** Pairs that the report shows. */
const MOST_PAIRS = 12;

/** Reads the tables; nothing where the session has none. Needs read permission. */
export async function readExperts(
  files: FileSystem,
  dir: string,
): Promise<ExpertAnalysis | undefined> {
  const loads = new Map<number, number[]>();
  await eachRow(files, dir, "moe_expert_activations", (_cell, number) => {
    const layer = number("layer_idx");
    const counts = loads.get(layer) ?? [];
    loads.set(layer, counts);
    const expert = number("expert_id");
    counts[expert] = (counts[expert] ?? 0) + number("activation_count");
  });
  if (loads.size === 0) return undefined;
  const pairs: ExpertPair[] = [];
  await eachRow(files, dir, "moe_expert_coselection", (_cell, number) => {
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
  return { layers, pairs, ...await readImbalance(files, dir, layers) };
}

function loadOf(layer: number, counts: number[]): LayerLoad {
  // A layer in the table has a row for every expert.
  const { mean, std, min, max } = Samples.of(counts).statistics()!;
  return {
    layer,
    counts,
    total: counts.reduce((a, b) => a + b, 0),
    coveragePct: 100 * counts.filter((count) => count > 0).length / counts.length,
    ...(min > 0 ? { maxMinRatio: max / min } : {}),
    stdOverMean: mean === 0 ? 0 : std / mean,
  };
}

async function readImbalance(
  files: FileSystem,
  dir: string,
  loads: readonly LayerLoad[],
): Promise<Pick<ExpertAnalysis, "imbalance" | "quarters">> {
  const experts = new Map(loads.map(({ layer, counts }) => [layer, counts.length]));
  const series = new Series();
  const drift = new ExpertDrift();
  let at = NaN;
  let [sum, layers] = [0, 0];
  const close = () => {
    if (layers > 0) series.add(at, sum / layers);
    [sum, layers] = [0, 0];
    drift.close();
  };
  await eachRow(files, dir, "moe_load_imbalance", (_cell, number) => {
    if (number("timestamp_sec") !== at) close();
    at = number("timestamp_sec");
    const [deviation, mean] = [number("std_dev"), number("mean_activations")];
    drift.add(mean, deviation, experts.get(number("layer_idx")) ?? NaN);
    const share = deviation / mean;
    if (Number.isFinite(share)) [sum, layers] = [sum + share, layers + 1];
  });
  close();
  const quarters = drift.quarters();
  return { imbalance: series.points(), ...(quarters ? { quarters } : {}) };
}
