/**
 * Kernels against the device's peaks: as a roofline where operations were counted, else by the
 * shares of the peaks that they reach.
 *
 * @module
 */

import type { NcuGroupRow, NcuRoofline } from "../../../analysis/capture/ncu_model.ts";
import { THRESHOLDS as LIMIT } from "../../../analysis/thresholds.ts";
import { figure } from "../../format.ts";
import { type Html, html } from "../../html.ts";
import { titled } from "../../section.ts";
import { logScale } from "./log_scale.ts";
import { categoryMark, ofAnalysis, share } from "./source.ts";

const WIDTH = 760;
const HEIGHT = 340;
const LEFT = 58;
const RIGHT = WIDTH - 14;
const TOP = 26;
const BOTTOM = HEIGHT - 40;

interface Point {
  readonly row: NcuGroupRow;
  readonly x: number;
  readonly y: number;
}

/** The chart; nothing where neither can be drawn. */
export const rooflineSection = ofAnalysis(({ ncu_by_kernel: rows = [], roofline }) => {
  const chart = drawRoofline(rows, roofline) ?? drawShares(rows);
  return chart && titled("roofline", "Against the device’s peaks", chart);
});

/** Operations per byte against operations per second; nothing without peaks or counted operations. */
function drawRoofline(
  rows: readonly NcuGroupRow[],
  { peak_gbps, peak_tflops, device, peak_gbps_source }: NcuRoofline = {},
): Html | undefined {
  const points = rows.flatMap((row): Point[] =>
    row.flops_per_byte && row.tflops ? [{ row, x: row.flops_per_byte, y: row.tflops }] : []
  );
  if (points.length === 0 || peak_gbps === undefined || peak_tflops === undefined) {
    return undefined;
  }
  const ridge = 1000 * peak_tflops / peak_gbps;
  const x = logScale([ridge, ...points.map((point) => point.x)], [LEFT, RIGHT]);
  const y = logScale([peak_tflops, ...points.map((point) => point.y)], [BOTTOM, TOP]);
  // The slope begins at the left or at the foot, whichever it meets first.
  const begin = Math.max(x.from, 1000 * y.from / peak_gbps);
  const roof = `M${at(x(begin), y(begin * peak_gbps / 1000))}L${at(x(ridge), y(peak_tflops))}` +
    `L${at(RIGHT, y(peak_tflops))}`;
  const absent = rows.length - points.length;
  const marks = html`${x.marks.map((mark) => vertical(x(mark), figure(mark)))}${
    y.marks.map((mark) => horizontal(y(mark), figure(mark)))
  }<path class="roof" d="${roof}" />`;
  return chart(
    "Roofline",
    points,
    html`${marks}${dots(points, x, y)}`,
    ["FLOP per byte of device memory", "TFLOP/s"],
    `The line is what ${device ?? "the device"} can do at best: ${figure(peak_gbps)} GB/s (${
      peak_gbps_source ?? ""
    }) up to ${figure(ridge)} FLOP per byte, then ${
      figure(peak_tflops)
    } TFLOP/s (dense BF16, vendor). Larger dots took more time.${
      absent > 0 ? ` ${absent} kernels without counted operations are not drawn.` : ""
    }`,
  );
}

/** Memory against multiprocessors, each in percent of its peak. */
function drawShares(rows: readonly NcuGroupRow[]): Html | undefined {
  const points = rows.flatMap((row): Point[] => {
    const memory = row.memory_pct ?? row.dram_pct;
    return memory === undefined || row.sm_pct === undefined
      ? []
      : [{ row, x: memory, y: row.sm_pct }];
  });
  if (points.length === 0) return undefined;
  const x = (value: number) => LEFT + (RIGHT - LEFT) * Math.min(100, value) / 100;
  const y = (value: number) => BOTTOM - (BOTTOM - TOP) * Math.min(100, value) / 100;
  const near = LIMIT.kernelNearPeak.value;
  const limit = `M${at(x(near), BOTTOM)}V${y(near).toFixed(1)}H${LEFT}`;
  const marks = [0, 20, 40, 60, 80, 100];
  return chart(
    "Shares of the peaks",
    points,
    html`${marks.map((mark) => vertical(x(mark), `${mark} %`))}${
      marks.map((mark) => horizontal(y(mark), `${mark} %`))
    }<path class="roof" d="${limit}" />${dots(points, x, y)}`,
    ["memory, of its peak", "multiprocessors, of theirs"],
    `Below ${near} % of both, within the line, neither limits a kernel: it waits, or is too small. ` +
      "Larger dots took more time.",
  );
}

function chart(
  title: string,
  points: readonly Point[],
  content: Html,
  [right, up]: readonly [string, string],
  caption: string,
): Html {
  const kinds = [...new Set(points.map(({ row }) => row.category))];
  return html`
    <figure class="chart wide">
      <figcaption><strong>${title}</strong>
    <ul class="legend">${kinds.map((kind) =>
      html`<li>${categoryMark(kind)}</li>`
    )}</ul></figcaption>
      <div class="scroll">
        <svg class="step" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img"
          aria-label="${title}: ${right} against ${up}">
        ${content}
        <text x="${RIGHT}" y="${HEIGHT - 6}" text-anchor="end">${right}</text>
        <text x="0" y="${TOP - 14}">${up}</text>
      </svg>
      </div>
      <p class="caption">${caption}</p>
    </figure>
  `;
}

/** The heaviest first, so that small ones stay in sight. */
function dots(
  points: readonly Point[],
  x: (value: number) => number,
  y: (value: number) => number,
): Html[] {
  return points.map(({ row, ...point }) =>
    html`
      <circle class="k-${row.category}" cx="${x(point.x).toFixed(1)}" cy="${y(point.y).toFixed(1)}"
        r="${(3 + 9 * Math.sqrt(row.share ?? 0)).toFixed(1)}">
        <title>${row.name}: ${share(row.share)} of the time, ${figure(
          row.dram_gbps,
        )} GB/s, ${figure(row.tflops)} TFLOP/s</title>
      </circle>
    `
  );
}

function at(x: number, y: number): string {
  return `${x.toFixed(1)} ${y.toFixed(1)}`;
}

function vertical(x: number, label: string): Html {
  return html`
    <path class="grid" d="M${x.toFixed(1)} ${TOP}V${BOTTOM}" />
    <text x="${x.toFixed(1)}" y="${BOTTOM + 14}" text-anchor="middle">${label}</text>
  `;
}

function horizontal(y: number, label: string): Html {
  return html`
    <path class="grid" d="M${LEFT} ${y.toFixed(1)}H${RIGHT}" />
    <text x="${LEFT - 6}" y="${(y + 4).toFixed(1)}" text-anchor="end">${label}</text>
  `;
}
