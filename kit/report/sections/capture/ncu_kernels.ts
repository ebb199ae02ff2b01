/**
 * What Nsight Compute measured, by kind of work and by kernel.
 *
 * @module
 */

import type { NcuGroupRow } from "../../../analysis/capture/ncu_model.ts";
import { figure } from "../../format.ts";
import type { Content } from "../../html.ts";
import { table, titled } from "../../section.ts";
import { categoryMark, codeName, ofAnalysis, share, us } from "./source.ts";

const MOST_ROWS = 40;

const HEAD = [
  "launches#",
  "mean#",
  "share#",
  "GB/s#",
  "DRAM %#",
  "SM %#",
  "tensor %#",
  "occupancy %#",
  "TFLOP/s#",
  "of roof %#",
  "bound by",
];

/** The tables. */
export const ncuKernelsSection = ofAnalysis(({ ncu_by_kernel = [], ncu_by_category = [] }) => {
  if (ncu_by_kernel.length === 0) return undefined;
  return titled(
    "ncu-kernels",
    "What was measured",
    table(
      "By kind of work; mean time of a launch in microseconds",
      ["kind", ...HEAD],
      ncu_by_category.map((row) => [categoryMark(row.category), ...cells(row)]),
    ),
    table(
      "By kernel; mean time of a launch in microseconds",
      ["kernel", "kind", ...HEAD],
      ncu_by_kernel.slice(0, MOST_ROWS).map((
        row,
      ) => [codeName(row.name), categoryMark(row.category), ...cells(row)]),
    ),
  );
});

function cells(row: NcuGroupRow): Content[] {
  return [
    figure(row.launches),
    us(row.duration_ns),
    share(row.share),
    figure(row.dram_gbps),
    figure(row.dram_pct),
    figure(row.sm_pct),
    figure(row.tensor_pct),
    figure(row.occupancy_pct),
    figure(row.tflops),
    figure(row.roofline_pct),
    row.bound ?? "–",
  ];
}
