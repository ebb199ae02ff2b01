/**
 * The least that a matrix product can take on a device: its operations at the peak, or its bytes once
 * through the memory, whichever is longer.
 *
 * @module
 */

import { type DevicePeaks, devicePeaks } from "../../../analysis/utilization/device_peaks.ts";
import { part } from "../../../sweep/sweep_folder.ts";
import type { SweepData } from "./source.ts";

/** µs of a layer over its rows (tokens or requests); undefined for a layer that is no single product. */
export type Roofline = (layer: string, rows: number) => number | undefined;

/** A sweep's roofline, and the document that its peaks are from. */
export interface SweepRoofline {
  readonly us: Roofline;
  readonly source: string;
}

/** Of a TP degree; undefined where the device's peaks or the model's sizes are not known. */
export function rooflineOf({ meta }: SweepData, tp: number): SweepRoofline | undefined {
  const { gpu } = meta?.values ?? {};
  const peaks = typeof gpu === "string" ? devicePeaks(gpu) : undefined;
  const matrices = matricesOf(part(meta?.values, "model_sizes"), tp);
  const { dtype = "bfloat16", quantization } = part(meta?.values, "engine_effective");
  const rate = peaks && rateOf(peaks, dtype, quantization);
  if (!peaks || !rate || !matrices) return undefined;
  return {
    source: peaks.source,
    us(layer, rows) {
      const matrix = matrices[layer];
      if (!matrix) return undefined;
      const [inner, outer] = matrix;
      // Quantization leaves the head as it is.
      const { bytes, tflops } = layer === "lm_head" ? rate.whole : rate.weights;
      const moved = inner * outer * bytes + rows * (inner + outer) * rate.whole.bytes;
      return Math.max(2 * rows * inner * outer / tflops / 1e6, moved / peaks.gbps / 1e3);
    },
  };
}

interface Rate {
  readonly bytes: number;
  readonly tflops: number;
}

function rateOf(
  { tflopsBf16, tflopsFp16, tflopsFp8 }: DevicePeaks,
  dtype: unknown,
  quantization: unknown,
): { whole: Rate; weights: Rate } | undefined {
  const tflops = dtype === "float16" || dtype === "half"
    ? tflopsFp16
    : dtype === "bfloat16" || dtype === "auto"
    ? tflopsBf16
    : undefined;
  if (tflops === undefined) return undefined;
  const whole = { bytes: 2, tflops };
  if (quantization === undefined || quantization === null) return { whole, weights: whole };
  return quantization === "fp8" && tflopsFp8 !== undefined
    ? { whole, weights: { bytes: 1, tflops: tflopsFp8 } }
    : undefined;
}

/** Inner and outer size of the matrices of one rank, by layer. */
function matricesOf(
  sizes: Readonly<Record<string, unknown>>,
  tp: number,
): Readonly<Record<string, readonly [inner: number, outer: number]>> | undefined {
  const size = (key: string) => typeof sizes[key] === "number" ? sizes[key] as number : NaN;
  const [hidden, heads] = [size("hidden_size"), size("num_attention_heads")];
  const headDim = size("head_dim") || hidden / heads;
  const kvHeads = Math.max(1, (size("num_key_value_heads") || heads) / tp);
  const width = size("intermediate_size") / tp;
  const found = {
    qkv_proj: [hidden, (heads / tp + 2 * kvHeads) * headDim],
    o_proj: [heads / tp * headDim, hidden],
    gate_up_proj: [hidden, 2 * width],
    down_proj: [width, hidden],
    lm_head: [hidden, size("vocab_size") / tp],
  } as const;
  const known = Object.entries(found).filter(([, matrix]) => matrix.every(Number.isFinite));
  return known.length > 0 ? Object.fromEntries(known) : undefined;
}
