/**
 * How much of what the devices could do was done.
 *
 * @module
 */

import type { DevicePeaks } from "./device_peaks.ts";
import type { Cost } from "./step_cost.ts";

/** What the matrices are multiplied in. */
export type Precision = "bf16" | "fp16" | "fp8";

/** What the costs ran on. */
export interface Devices {
  /** How many devices shared the work. @default 1 */
  count?: number;
  /**
   * What the most of the work is multiplied in, which is not what weights are kept in: four bits
   * are made 16 before; null where that is not known. @default "bf16"
   */
  precision?: Precision | null;
}

/** Use of the devices in a phase; what is not known is absent. */
export interface PhaseUtilization {
  /** Operations of all steps of the phase. */
  flops?: number;
  /** Bytes of all steps of the phase. */
  bytes?: number;
  /** Time of all its passes. */
  seconds?: number;
  /** Model FLOPs utilization, in percent. */
  mfuPct?: number;
  /** Model bandwidth utilization, in percent. */
  mbuPct?: number;
}

/**
 * MFU = flops / seconds / peak operations, as appendix B of "PaLM" (Chowdhery et al., 2022) defines
 * it: of the operations that the model needs, not of those that the device did. MBU = bytes /
 * seconds / peak bandwidth, likewise of the bytes that the model needs ("LLM Inference Performance
 * Engineering", Databricks, 2023). Peaks are those of all devices together.
 *
 * Costs that are NaN are not known, nor is what hangs on them. With attention in 16 bits in an FP8 model, MFU
 * against the FP8 peak says too little.
 */
export function utilization<Phase extends string>(
  costs: Readonly<Partial<Record<Phase, Cost>>>,
  peaks: DevicePeaks | undefined,
  secondsPerPhase: Readonly<Partial<Record<NoInfer<Phase>, number>>>,
  { count = 1, precision = "bf16" }: Devices = {},
): Partial<Record<Phase, PhaseUtilization>> {
  const result: Partial<Record<Phase, PhaseUtilization>> = {};
  for (const [phase, cost] of Object.entries(costs) as [Phase, Cost | undefined][]) {
    if (!cost) continue;
    const { flops, bytes } = cost;
    const seconds = secondsPerPhase[phase];
    const entry: PhaseUtilization = {};
    result[phase] = entry;
    if (Number.isFinite(flops)) entry.flops = flops;
    if (Number.isFinite(bytes)) entry.bytes = bytes;
    if (seconds === undefined || !(seconds > 0) || !Number.isFinite(seconds)) continue;
    entry.seconds = seconds;
    if (!peaks || !(count > 0)) continue;
    const tflops = precision === null ? undefined : tflopsOf(peaks, precision);
    const mfuPct = 100 * flops / seconds / (count * (tflops ?? NaN) * 1e12);
    const mbuPct = 100 * bytes / seconds / (count * peaks.gbps * 1e9);
    if (Number.isFinite(mfuPct)) entry.mfuPct = mfuPct;
    if (Number.isFinite(mbuPct)) entry.mbuPct = mbuPct;
  }
  return result;
}

function tflopsOf(peaks: DevicePeaks, precision: Precision): number | undefined {
  switch (precision) {
    case "bf16":
      return peaks.tflopsBf16;
    case "fp16":
      return peaks.tflopsFp16;
    case "fp8":
      return peaks.tflopsFp8;
  }
}
