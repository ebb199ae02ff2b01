/**
 * The device's peaks.
 *
 * @module
 */

import type { NcuFigures, NcuRoofline } from "../capture/ncu_model.ts";
import { devicePeaks } from "../utilization/device_peaks.ts";

/** Below this share of the peak, the peak that follows from it is too inexact. */
const ENOUGH_PCT = 20;

/**
 * The peaks of the device that launches ran on: the memory's as the launches show it (rate over
 * share, at the clock of the measurement), where one used enough of it, else the vendor's.
 */
export function rooflineOf(
  figures: readonly NcuFigures[],
  deviceNames: ReadonlySet<string>,
): NcuRoofline | undefined {
  const [device, ...others] = deviceNames;
  const vendor = device === undefined || others.length > 0 ? undefined : devicePeaks(device);
  const seen = figures.flatMap(({ dram_gbps, dram_pct = 0 }) =>
    dram_gbps !== undefined && dram_pct >= ENOUGH_PCT
      ? [{ share: dram_pct, peak: 100 * dram_gbps / dram_pct }]
      : []
  ).sort((a, b) => b.share - a.share);
  const measured = seen[0]?.peak;
  const gbps = measured ?? vendor?.gbps;
  const tflops = vendor?.tflopsBf16;
  if (gbps === undefined && device === undefined) return undefined;
  return {
    ...(device === undefined ? {} : { device: [...deviceNames].join(", ") }),
    ...(gbps === undefined ? {} : {
      peak_gbps: gbps,
      peak_gbps_source: measured === undefined ? "vendor" as const : "measured" as const,
    }),
    ...(tflops === undefined ? {} : { peak_tflops: tflops, peak_tflops_source: vendor!.source }),
  };
}
