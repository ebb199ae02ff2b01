/**
 * Tables of an nsys export under the columns that `nsys stats` prints.
 *
 * @module
 */

import type { CallRow, CaptureAnalysis, MemcpyRow } from "../../analysis/capture/model.ts";

/** So many rows of a table are printed; `--csv` has all. */
const MOST_ROWS = 60;

const OPERATIONS: Readonly<Record<string, string>> = {
  HtoD: "[CUDA memcpy Host-to-Device]",
  DtoH: "[CUDA memcpy Device-to-Host]",
  DtoD: "[CUDA memcpy Device-to-Device]",
  HtoH: "[CUDA memcpy Host-to-Host]",
  PtoP: "[CUDA memcpy Peer-to-Peer]",
  memset: "[CUDA memset]",
};

/** What a row of times has. */
type Timed = Pick<
  CallRow,
  "count" | "total_ns" | "avg_ns" | "median_ns" | "min_ns" | "max_ns" | "stddev_ns"
>;

type Row = readonly string[];

/** The tables, each with its title; those that the capture lacks are left out. */
export function nsysTables(analysis: CaptureAnalysis): string[] {
  const { kernels = [], cuda_api = [], nvtx = [], memcpy = [], graph_executions = [] } = analysis;
  return [
    table(
      "CUDA GPU Kernel Summary (cuda_gpu_kern_sum)",
      "kernels",
      "Instances",
      ["Name"],
      kernels,
      ({ name }) => [name],
    ),
    table(
      "CUDA GPU Graph Summary",
      "graph_executions",
      "Instances",
      ["Name"],
      graph_executions,
      ({ name }) => [name],
    ),
    table(
      "CUDA API Summary (cuda_api_sum)",
      "cuda_api",
      "Num Calls",
      ["Name"],
      cuda_api,
      ({ name }) => [name],
    ),
    table(
      "NVTX Range Summary (nvtx_sum)",
      "nvtx",
      "Instances",
      ["Style", "Range"],
      nvtx,
      ({ style = "", name }) => [style, name],
    ),
    table(
      "CUDA GPU MemOps Summary (by Time) (cuda_gpu_mem_time_sum)",
      "memcpy",
      "Count",
      ["Operation"],
      memcpy.map((row) => ({ ...row, median_ns: row.median_ns!, max_ns: row.max_ns! })),
      ({ kind }) => [operation(kind)],
    ),
    sizes(memcpy),
  ].filter((text) => text !== "");
}

function operation(kind: string): string {
  return OPERATIONS[kind] ?? `[CUDA memcpy ${kind}]`;
}

function table<One extends Timed>(
  title: string,
  name: string,
  counted: string,
  last: readonly string[],
  rows: readonly One[],
  lastOf: (row: One) => Row,
): string {
  if (rows.length === 0) return "";
  const all = rows.reduce((sum, { total_ns }) => sum + total_ns, 0);
  const head = [
    "Time (%)",
    "Total Time (ns)",
    counted,
    "Avg (ns)",
    "Med (ns)",
    "Min (ns)",
    "Max (ns)",
    "StdDev (ns)",
    ...last,
  ];
  return printed(
    title,
    name,
    head,
    rows.map((row) => [
      decimal(all > 0 ? 100 * row.total_ns / all : 0),
      whole(row.total_ns),
      whole(row.count),
      ...[row.avg_ns, row.median_ns].map(decimal),
      ...[row.min_ns, row.max_ns].map(whole),
      decimal(row.stddev_ns),
      ...lastOf(row),
    ]),
    last.length,
  );
}

function sizes(rows: readonly MemcpyRow[]): string {
  const sized = rows.filter(({ bytes }) => bytes !== undefined)
    .toSorted((a, b) => b.bytes! - a.bytes!);
  if (sized.length === 0) return "";
  const mb = (bytes: number | undefined) => ((bytes ?? 0) / 1e6).toFixed(3);
  return printed(
    "CUDA GPU MemOps Summary (by Size) (cuda_gpu_mem_size_sum)",
    "memcpy",
    [
      "Total (MB)",
      "Count",
      "Avg (MB)",
      "Med (MB)",
      "Min (MB)",
      "Max (MB)",
      "StdDev (MB)",
      "Operation",
    ],
    sized.map((row) => [
      mb(row.bytes),
      whole(row.count),
      ...[row.avg_bytes, row.median_bytes, row.min_bytes, row.max_bytes, row.stddev_bytes].map(mb),
      operation(row.kind),
    ]),
    1,
  );
}

function whole(value: number | undefined): string {
  return (value ?? 0).toLocaleString("en", { maximumFractionDigits: 0 });
}

function decimal(value: number | undefined): string {
  return (value ?? 0).toLocaleString("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}

/** Columns side by side: numbers to the right, the last ones, which are texts, to the left. */
function printed(
  title: string,
  name: string,
  head: Row,
  rows: readonly Row[],
  texts: number,
): string {
  const shown = rows.slice(0, MOST_ROWS);
  const widths = head.map((cell, column) =>
    Math.max(cell.length, ...shown.map((row) => row[column]!.length))
  );
  const line = (row: Row) =>
    ` ${
      row.map((cell, column) => {
        if (column === row.length - 1) return cell;
        const width = widths[column]!;
        return column < row.length - texts ? cell.padStart(width) : cell.padEnd(width);
      }).join("  ")
    }`;
  const rule = line(
    head.map((cell, column) =>
      "-".repeat(column === head.length - 1 ? cell.length : widths[column]!)
    ),
  );
  const rest = rows.length - shown.length;
  return [
    ` ** ${title}:`,
    "",
    line(head),
    rule,
    ...shown.map(line),
    ...(rest > 0 ? [` ${rest} further rows: --csv ${name} has all`] : []),
  ].join("\n");
}
