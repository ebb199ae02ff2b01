/**
 * What a frame capture takes: bytes and time, scaled from what vllm-metal's guide has measured.
 *
 * Which part of a trace is buffers and which is commands, nobody has published. So the scale is the
 * larger of two: buffers follow the parameters, commands follow the layers.
 *
 * @module
 */

import type { MetalEstimate } from "../../bundle/metal_record.ts";
import { gigabytes } from "../mac/disk_guard.ts";

/** The capture that was measured: Qwen3-0.6B with `VLLM_METAL_MEMORY_FRACTION=0.1`. */
export const MEASURED = {
  billions: 0.6,
  layers: 28,
  tokens: 10,
  /** The trace of 10 tokens. */
  bytes: 2.2e9,
  /** The trace of one forward pass alone, as the guide's caveats have it. */
  bytesPerPass: 2.6e9,
  seconds: 49,
};

/** How much slower than without a capture, from and to. */
export const SLOWER = [50, 100] as const;

/** Billions of parameters that a model's name tells: `Qwen3-0.6B`, `SmolLM-135M`. */
export function billionsOf(model: string): number | undefined {
  const name = model.replace(/\/+$/, "").split("/").at(-1) ?? "";
  const match = /(?<![\w.])(\d+(?:\.\d+)?)([BM])(?![a-z\d])/i.exec(name.replaceAll("_", "-"));
  if (!match) return undefined;
  const size = Number(match[1]) / (match[2]!.toUpperCase() === "M" ? 1000 : 1);
  return size > 0 ? size : undefined;
}

/** Scales the measured capture. */
export function estimateCapture(
  asked: {
    billions?: number | undefined;
    layers?: number | undefined;
    maxTokens: number;
    captures: number;
  },
): MetalEstimate {
  const { billions, layers, maxTokens, captures } = asked;
  const byParameters = billions === undefined ? undefined : billions / MEASURED.billions;
  const byLayers = layers === undefined ? undefined : layers / MEASURED.layers;
  const scale = Math.max(byParameters ?? 0, byLayers ?? 0) || 1;
  // However few the passes, the buffers are stored once.
  const length = Math.max(1, maxTokens / MEASURED.tokens);
  const seconds = MEASURED.seconds * scale * (maxTokens / MEASURED.tokens);
  const size = [
    billions === undefined ? undefined : `${billions} billion parameters`,
    layers === undefined ? undefined : `${layers} layers`,
  ].filter(Boolean).join(", ");
  return {
    expected_bytes: Math.round(MEASURED.bytes * scale * length * captures),
    upper_bytes: Math.round(MEASURED.bytesPerPass * scale * maxTokens * captures),
    seconds: Math.round(seconds * captures),
    passes: maxTokens,
    captures,
    scale: Number(scale.toFixed(3)),
    basis: [
      `Measured: ${gigabytes(MEASURED.bytes)} and ${MEASURED.seconds} s for ${MEASURED.tokens} ` +
      `tokens of a model of ${MEASURED.billions} billion parameters in ${MEASURED.layers} layers; ` +
      `${gigabytes(MEASURED.bytesPerPass)} for one forward pass of it, in another measurement`,
      size === ""
        ? "The size of this model is not known: the figures are those of the measured one"
        : `This model (${size}) counts ${scale.toFixed(1)} times, ` +
          "by its parameters or its layers, whichever gives more",
      `${maxTokens} tokens are ${maxTokens} forward passes` +
      (captures > 1 ? `, in each of ${captures} captures` : ""),
    ],
  };
}
