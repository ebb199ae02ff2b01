/**
 * The totals of one process's expert counters: `moe_totals.json` and the arrays in `moe_totals.bin`.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import type { RawProcess } from "./raw_session.ts";

/** Arrays of numbers, by layer; a row is as long as `width`. */
export interface LayerArray {
  width: number;
  at(layer: number, place: number): number;
}

/** What one process counted. */
export interface ExpertTotals {
  process: RawProcess;
  /** Number of each layer in the model. */
  layers: number[];
  experts: number;
  physicalExperts?: number;
  topK: number;
  tokens: number;
  passes: number;
  load: LayerArray;
  pairs?: LayerArray;
  bins?: LayerArray;
  physicalLoad?: LayerArray;
  /** Number of the token in each place of the sample, null where none is. */
  sampleTokens: (number | null)[];
  sampleIds?: LayerArray;
  sampleWeights?: LayerArray;
}

/** Reads the totals of a process; nothing where it counted none. Throws on a file that is cut off. */
export async function readExpertTotals(
  files: FileSystem,
  process: RawProcess,
): Promise<ExpertTotals | undefined> {
  let text: string;
  try {
    text = await files.readTextFile(`${process.dir}/moe_totals.json`);
  } catch {
    return undefined;
  }
  const header = JSON.parse(text);
  const bytes = await files.readFile(`${process.dir}/moe_totals.bin`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const arrays: Record<string, LayerArray> = {};
  let offset = 0;
  for (const { name, type, shape } of header.arrays as Array_[]) {
    const start = offset;
    const width = shape.slice(1).reduce((a, b) => a * b, 1);
    offset += 8 * (shape[0] ?? 0) * width;
    if (offset > bytes.byteLength) throw new Error(`moe_totals.bin ends before ${name} does`);
    const read = type === "float64"
      ? (at: number) => view.getFloat64(at, true)
      : (at: number) => Number(view.getBigInt64(at, true));
    arrays[name] = { width, at: (layer, place) => read(start + 8 * (layer * width + place)) };
  }
  const load = arrays["load"];
  if (!load) return undefined;
  const optional = {
    pairs: arrays["pairs"],
    bins: arrays["bins"],
    physicalLoad: arrays["physical_load"],
    sampleIds: arrays["sample_ids"],
    sampleWeights: arrays["sample_weights"],
    physicalExperts: header.physical_experts ?? undefined,
  };
  return {
    process,
    layers: header.layers,
    experts: header.experts,
    topK: header.top_k,
    tokens: header.tokens,
    passes: header.passes,
    sampleTokens: header.sample_tokens ?? [],
    load,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  };
}

interface Array_ {
  name: string;
  type: string;
  shape: number[];
}
