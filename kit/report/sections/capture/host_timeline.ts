/**
 * One step on the host, where the computing is done there.
 *
 * @module
 */

import type { HostSlice } from "../../../analysis/capture/host_timeline.ts";
import { type Html, html } from "../../html.ts";
import { titled } from "../../section.ts";
import { axis } from "./axis.ts";
import { ofAnalysis, span } from "./source.ts";

const WIDTH = 1000;
const TOP = 20;
const ROW = 16;
/** Deeper ones are drawn in the last row. */
const MOST_ROWS = 7;
/** Narrower slices of one category next to each other are drawn as one. */
const NARROW = 0.6;
/** Room that a letter takes. */
const LETTER = 6;

/** The timeline of a step that ran on the CPU. */
export const hostTimelineSection = ofAnalysis(({ host_timeline, timeline, steps = [] }) => {
  if (!host_timeline || timeline) return undefined;
  const { iteration, threads, elapsed_ns, left_out } = host_timeline;
  const step = steps.find(({ index }) => index === iteration);
  const x = (ns: number) => WIDTH * ns / elapsed_ns;
  let y = TOP;
  const lanes: Html[] = threads.map(({ slices }, place) => {
    const rows = Math.min(
      MOST_ROWS,
      1 + slices.reduce((most, { depth }) => Math.max(most, depth), 0),
    );
    const lane = html`<text x="0" y="${y - 6}">thread ${place + 1}</text>${drawn(slices, x, y)}`;
    y += ROW * rows + 22;
    return lane;
  });
  const categories = new Set(threads.flatMap(({ slices }) => slices.map((s) => s.category)));
  return titled(
    "timeline",
    "One step",
    html`
      <figure class="chart wide">
        <figcaption><strong>Step ${iteration}${step?.phase ? `, ${step.phase}` : ""}, ${span(
          elapsed_ns,
        )}</strong><ul class="legend">${[...categories].map((category) =>
          html`<li><span class="swatch k-${category}"></span>${category}</li>`
        )}</ul></figcaption>
        <div class="scroll">
          <svg class="step" viewBox="0 0 ${WIDTH} ${y + 4}" role="img"
            aria-label="The operators of step ${iteration} on each thread">${lanes}${axis(
              0,
              elapsed_ns,
              x,
              TOP,
              y + 4,
            )}</svg>
        </div>
        <p
          class="caption">A step of middle length: the operators of each thread, and below each those that it
      called. Empty places are Python, the profiler, and waiting.${left_out > 0
        ? ` ${left_out} further operators are not drawn.`
        : ""}</p>
      </figure>
    `,
  );
});

function drawn(slices: readonly HostSlice[], x: (ns: number) => number, top: number): Html[] {
  const found: Html[] = [];
  const right: number[] = [];
  const last: string[] = [];
  for (const { name, category, depth, start_ns, duration_ns } of slices) {
    const row = Math.min(depth, MOST_ROWS - 1);
    const left = x(start_ns);
    const width = x(duration_ns);
    // What would cover the same pixels adds nothing but bytes.
    if (width < NARROW && last[row] === category && left - (right[row] ?? -9) < NARROW / 2) {
      continue;
    }
    right[row] = left + width;
    last[row] = category;
    const y = top + ROW * row;
    found.push(
      html`
        <rect class="k-${category}" x="${left.toFixed(2)}" y="${y}" width="${Math.max(0.4, width)
          .toFixed(2)}"
          height="${ROW - 2}">
          <title>${name}: ${span(duration_ns)}</title>
        </rect>
      `,
    );
    const letters = Math.floor((width - 6) / LETTER);
    if (letters >= 6) {
      const shown = name.length <= letters ? name : `${name.slice(0, letters - 1)}…`;
      found.push(
        html`<text class="in" x="${(left + 3).toFixed(1)}" y="${y + ROW - 5}">${shown}</text>`,
      );
    }
  }
  return found;
}
