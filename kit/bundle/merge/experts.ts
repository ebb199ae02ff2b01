/**
 * The files below `moe_expert_tracking/`.
 *
 * The counters come from the first rank of each tensor-parallel group: its other ranks route the same
 * tokens. Data-parallel ranks route their own, and have rows of their own.
 *
 * @module
 */

import { messageOf } from "../../contract/errors.ts";
import { type ExpertTotals, readExpertTotals } from "./expert_totals.ts";
import { type MergeSource, open } from "./source.ts";
import { mergedRows } from "./raw_session.ts";
import { EXPERTS_FOLDER } from "../session/session_tables.ts";
import { Samples } from "./samples.ts";

/** What moe_summary.json holds of a layer. */
export interface LayerFigures {
  num_experts: number;
  top_k: number;
  total_activations: number;
  unique_experts_activated: number;
  activation_coverage_pct: number;
  mean_activations_per_expert: number;
  std_dev_activations: number;
  min_activations: number;
  max_activations: number;
  /** max / min; absent where an expert has no load. */
  load_balance_ratio?: number;
}

/** What the experts' tables told. */
export interface ExpertFigures {
  layers: Record<string, LayerFigures>;
  /** Tokens that the routers saw, and the choices that they should have made of them per layer. */
  tokens: number;
  expectedPerLayer: number;
  /** Layers whose choices are not tokens times top-k. */
  inexact: string[];
  sampledTokens: number;
  problems: string[];
}

/** Routing weights are counted in bins of this width. */
const BIN_COUNT = 64;

/** Writes the tables; nothing where no process counted experts. */
export async function writeExperts(source: MergeSource): Promise<ExpertFigures | undefined> {
  const totals: ExpertTotals[] = [];
  const problems: string[] = [];
  for (const process of source.processes) {
    try {
      const found = await readExpertTotals(source.files, process);
      if (found) totals.push(found);
    } catch (error) {
      problems.push(`${process.name}: ${messageOf(error)}`);
    }
  }
  if (totals.length === 0 && problems.length === 0) return undefined;
  await source.files.mkdir(`${source.session}/${EXPERTS_FOLDER}`, { recursive: true });
  await writeActivations(source, totals);
  await writePhysical(source, totals);
  await writePairs(source, totals);
  await writeSample(source, totals);
  await writeBins(source, totals);
  await writeImbalance(source);
  return { ...figuresOf(totals), problems };
}

const rankOf = (found: ExpertTotals) => [found.process.rank, found.process.pid];

async function writeActivations(source: MergeSource, totals: ExpertTotals[]): Promise<void> {
  const writer = await open(source, "moe_expert_activations");
  for (const found of totals) {
    for (const [place, layer] of found.layers.entries()) {
      const counts = rowOf(found, place);
      const sum = counts.reduce((a, b) => a + b, 0);
      for (const [expert, count] of counts.entries()) {
        const share = sum === 0 ? undefined : (100 * count / sum).toFixed(4);
        await writer.add([layer, expert, count, share, ...rankOf(found)]);
      }
    }
  }
  await writer.close();
}

function rowOf(found: ExpertTotals, place: number): number[] {
  return Array.from({ length: found.experts }, (_, expert) => found.load.at(place, expert));
}

async function writePhysical(source: MergeSource, totals: ExpertTotals[]): Promise<void> {
  const balanced = totals.filter(({ physicalLoad }) => physicalLoad);
  if (balanced.length === 0) return;
  const writer = await open(source, "moe_physical_experts");
  for (const found of balanced) {
    for (const [place, layer] of found.layers.entries()) {
      const width = found.physicalExperts ?? 0;
      const counts = Array.from({ length: width }, (_, id) => found.physicalLoad!.at(place, id));
      const sum = counts.reduce((a, b) => a + b, 0);
      for (const [id, count] of counts.entries()) {
        const share = sum === 0 ? undefined : (100 * count / sum).toFixed(4);
        await writer.add([layer, id, count, share, ...rankOf(found)]);
      }
    }
  }
  await writer.close();
}

async function writePairs(source: MergeSource, totals: ExpertTotals[]): Promise<void> {
  const rows: number[][] = [];
  for (const [index, found] of totals.entries()) {
    if (!found.pairs) continue;
    for (const place of found.layers.keys()) {
      for (let a = 0; a < found.experts; a++) {
        for (let b = a; b < found.experts; b++) {
          const count = found.pairs.at(place, a * found.experts + b);
          if (count > 0) rows.push([found.layers[place]!, a, b, count, index]);
        }
      }
    }
  }
  if (rows.length === 0) return;
  rows.sort((x, y) => y[3]! - x[3]!);
  const writer = await open(source, "moe_expert_coselection");
  for (const [layer, a, b, count, index] of rows) {
    await writer.add([layer, a, b, count, ...rankOf(totals[index!]!)]);
  }
  await writer.close();
}

async function writeSample(source: MergeSource, totals: ExpertTotals[]): Promise<void> {
  const writer = await open(source, "moe_routing_weights_hist");
  for (const found of totals) {
    const { sampleIds, sampleWeights, topK } = found;
    if (!sampleIds || !sampleWeights) continue;
    const sampled = found.sampleTokens.filter((token) => token !== null).length;
    for (const [place, layer] of found.layers.entries()) {
      for (const [slot, token] of found.sampleTokens.entries()) {
        if (token === null) continue;
        for (let choice = 0; choice < topK; choice++) {
          await writer.add([
            layer,
            token,
            sampleIds.at(place, slot * topK + choice),
            sampleWeights.at(place, slot * topK + choice).toFixed(6),
            ...rankOf(found),
            sampled,
            found.tokens,
          ]);
        }
      }
    }
  }
  await writer.close();
}

async function writeBins(source: MergeSource, totals: ExpertTotals[]): Promise<void> {
  const writer = await open(source, "moe_routing_weights_bins");
  for (const found of totals) {
    if (!found.bins) continue;
    for (const [place, layer] of found.layers.entries()) {
      for (let bin = 0; bin <= BIN_COUNT; bin++) {
        const end = bin === BIN_COUNT ? undefined : (bin + 1) / BIN_COUNT;
        await writer.add([
          layer,
          bin / BIN_COUNT,
          end,
          found.bins.at(place, bin),
          ...rankOf(found),
        ]);
      }
    }
  }
  await writer.close();
}

async function writeImbalance(source: MergeSource): Promise<void> {
  const writer = await open(source, "moe_load_imbalance");
  for await (
    const row of mergedRows(source.files, source.processes, "moe_load_imbalance", source.cut)
  ) {
    const [most = 0, least = 0] = [row.number("max"), row.number("min")];
    await writer.add([
      row.get("layer_idx"),
      row.get("timestamp_sec"),
      row.get("std_dev"),
      least > 0 ? (most / least).toFixed(4) : undefined,
      row.get("mean"),
      row.get("max"),
      row.get("min"),
      row.get("experts_hit"),
      row.get("tokens"),
      row.get("rank"),
      row.process.pid,
    ]);
  }
  await writer.close();
}

function figuresOf(totals: ExpertTotals[]): Omit<ExpertFigures, "problems"> {
  const layers: Record<string, LayerFigures> = {};
  const inexact: string[] = [];
  const counts = new Map<number, { sums: number[]; expected: number; topK: number }>();
  for (const found of totals) {
    for (const [place, layer] of found.layers.entries()) {
      const entry = counts.get(layer) ?? { sums: [], expected: 0, topK: found.topK };
      for (const [expert, count] of rowOf(found, place).entries()) {
        entry.sums[expert] = (entry.sums[expert] ?? 0) + count;
      }
      entry.expected += found.tokens * found.topK;
      counts.set(layer, entry);
    }
  }
  for (const [layer, { sums, expected, topK }] of [...counts].sort(([a], [b]) => a - b)) {
    const total = sums.reduce((a, b) => a + b, 0);
    if (total !== expected) inexact.push(`layer ${layer}: ${total}, not ${expected}`);
    layers[`layer_${layer}`] = layerFigures(sums, total, topK);
  }
  // Pipeline stages see the same tokens, data-parallel ranks their own: a layer tells them apart.
  const perLayer = [...counts.values()].map(({ expected, topK }) => expected / topK);
  const tokens = Math.max(0, ...perLayer);
  return {
    layers,
    inexact,
    tokens,
    expectedPerLayer: Math.max(0, ...[...counts.values()].map(({ expected }) => expected)),
    sampledTokens: totals.reduce(
      (sum, { sampleTokens }) => sum + sampleTokens.filter((token) => token !== null).length,
      0,
    ),
  };
}

function layerFigures(counts: number[], total: number, topK: number): LayerFigures {
  // A layer has at least one expert.
  const { mean, std, min, max } = Samples.of(counts).statistics()!;
  const hit = counts.filter((count) => count > 0).length;
  const rounded = (value: number) => Number(value.toFixed(4));
  return {
    num_experts: counts.length,
    top_k: topK,
    total_activations: total,
    unique_experts_activated: hit,
    activation_coverage_pct: rounded(100 * hit / counts.length),
    mean_activations_per_expert: rounded(mean),
    std_dev_activations: rounded(std),
    min_activations: min,
    max_activations: max,
    ...(min > 0 ? { load_balance_ratio: rounded(max / min) } : {}),
  };
}
