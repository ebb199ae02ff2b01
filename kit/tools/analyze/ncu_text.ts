/**
 * `vscope analyze` of a CSV of Nsight Compute: its tables on a terminal.
 *
 * @module
 */

import type { CaptureAnalysis } from "../../analysis/capture/model.ts";
import type { NcuGroupRow, NcuRoofline } from "../../analysis/capture/ncu_model.ts";
import { findingsText, textTable } from "./text_table.ts";

/** So many kernels are shown; `--csv ncu_by_kernel` has all. */
const MOST_ROWS = 15;

const MOST_LETTERS = 50;

const fixed = (value: number | undefined, digits = 1) =>
  value === undefined ? "" : value.toFixed(digits);

const HEAD = [
  "launches",
  "ms",
  "share %",
  "GB/s",
  "DRAM %",
  "SM %",
  "tensor %",
  "occupancy %",
  "TFLOP/s",
  "FLOP/byte",
  "of roof %",
  "bound by",
];

/** The tables and what they say. */
export async function ncuText(analysis: CaptureAnalysis): Promise<string> {
  const { sources, ncu_kernels = [], ncu_by_category = [], ncu_by_kernel = [] } = analysis;
  return [
    [
      ...sources.map(({ path }) => path),
      `${ncu_kernels.length} launches of ${ncu_by_kernel.length} kernels`,
      ...(analysis.roofline ? [rooflineLine(analysis.roofline)] : []),
    ].join("\n"),
    await textTable(["category", ...HEAD], ncu_by_category.map(cells)),
    await textTable(["kernel", ...HEAD], ncu_by_kernel.slice(0, MOST_ROWS).map(cells)),
    ...findingsText(analysis.findings),
  ].join("\n\n");
}

function cells(row: NcuGroupRow): (string | number)[] {
  return [
    row.name.length <= MOST_LETTERS ? row.name : `${row.name.slice(0, MOST_LETTERS - 1)}…`,
    row.launches,
    fixed(row.total_ns === undefined ? undefined : row.total_ns / 1e6, 3),
    fixed(row.share === undefined ? undefined : 100 * row.share),
    fixed(row.dram_gbps, 0),
    fixed(row.dram_pct),
    fixed(row.sm_pct),
    fixed(row.tensor_pct),
    fixed(row.occupancy_pct),
    fixed(row.tflops),
    fixed(row.flops_per_byte),
    fixed(row.roofline_pct),
    row.bound ?? "",
  ];
}

function rooflineLine({ device, peak_gbps, peak_gbps_source, peak_tflops }: NcuRoofline): string {
  const peaks = [
    ...(peak_gbps === undefined ? [] : [`${peak_gbps.toFixed(0)} GB/s (${peak_gbps_source})`]),
    ...(peak_tflops === undefined ? [] : [`${peak_tflops} TFLOP/s BF16 (vendor)`]),
  ];
  return `${device ?? "Device"}: peaks ${peaks.join(", ") || "not known"}`;
}
