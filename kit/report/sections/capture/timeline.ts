/**
 * One step in full: what ran on each stream, and when.
 *
 * @module
 */

import type { Timeline, TimelineSlice } from "../../../analysis/capture/timeline.ts";
import { type Html, html } from "../../html.ts";
import { titled } from "../../section.ts";
import { axis } from "./axis.ts";
import { ofAnalysis, span } from "./source.ts";

const WIDTH = 1000;
const LANE = 26;
const TOP = 20;
/** Narrower slices of one category next to each other are drawn as one. */
const NARROW = 0.6;

/** The timeline. */
export const timelineSection = ofAnalysis(({ timeline, steps = [] }) => {
  if (!timeline || timeline.slices.length === 0) return undefined;
  const step = steps.find(({ index }) => index === timeline.iteration);
  return titled(
    "timeline",
    "One step",
    html`
      <figure class="chart wide">
        <figcaption><strong>Step ${timeline.iteration}${step?.phase
          ? `, ${step.phase}`
          : ""}</strong>
      <ul class="legend">${[...new Set(timeline.slices.map(({ category }) => category))].map((
        category,
      ) => html`<li><span class="swatch k-${category}"></span>${category}</li>`)}</ul></figcaption>
        <div class="scroll">${draw(timeline)}</div>
        <p
          class="caption">A step of middle length. Above, the ticks are launches by the host; below, a row per
      stream with what ran on it. Empty places are idle time: the section on idle time tells why.${timeline
          .left_out > 0
        ? ` ${timeline.left_out} further kernels are not drawn.`
        : ""}</p>
      </figure>
    `,
  );
});

function draw(timeline: Timeline): Html {
  const { slices } = timeline;
  const from = Math.min(0, ...starts(slices));
  const until = slices.reduce(
    (most, slice) => Math.max(most, slice.start_ns + slice.duration_ns),
    timeline.elapsed_ns,
  );
  const x = (ns: number) => WIDTH * (ns - from) / (until - from);
  const lanes = [...new Set(slices.map(laneOf))].sort((a, b) =>
    a.localeCompare(b, "en", {
      numeric: true,
    })
  );
  const height = TOP + LANE * (lanes.length + 1) + 22;
  const host = html`
    <rect class="host" x="${x(0).toFixed(2)}" y="${TOP}" width="${(x(timeline.elapsed_ns) - x(0))
      .toFixed(2)}" height="${LANE - 8}">
      <title>The host’s range of the step: ${span(timeline.elapsed_ns)}</title>
    </rect>
  `;
  return html`
    <svg class="step" viewBox="0 0 ${WIDTH} ${height}" role="img"
      aria-label="What ran on each stream during step ${timeline.iteration}">
    <text x="0" y="${TOP - 6}">host</text>${host}${ticks(slices, x)}
    ${lanes.map((lane, place) => {
      const y = TOP + LANE * (place + 1);
      return html`<text class="lane" x="0" y="${y + 4}">${lane}</text>${
        rects(slices.filter((slice) => laneOf(slice) === lane), x, y + 7)
      }`;
    })}
    ${axis(from, until, x, TOP, height)}</svg>
  `;
}

function* starts(slices: readonly TimelineSlice[]): Iterable<number> {
  for (const { start_ns } of slices) yield start_ns;
}

function laneOf({ device, stream }: TimelineSlice): string {
  return `device ${device} stream ${stream}`;
}

/** Launches; those that fall on one pixel are one tick. */
function ticks(slices: readonly TimelineSlice[], x: (ns: number) => number): Html {
  const places = new Set<string>();
  for (const { launched_ns } of slices) {
    if (launched_ns !== undefined) places.add((Math.round(2 * x(launched_ns)) / 2).toFixed(1));
  }
  const path = [...places].map((place) => `M${place} ${TOP + 3}v${LANE - 14}`).join("");
  return html`<path class="launch" d="${path}" />`;
}

function rects(slices: readonly TimelineSlice[], x: (ns: number) => number, y: number): Html[] {
  const found: Html[] = [];
  let open:
    | { category: string; left: number; right: number; count: number; name: string }
    | undefined;
  const close = () => {
    if (!open) return;
    const { category, left, right, count, name } = open;
    const label = count === 1 ? name : `${count} short ones: ${category}`;
    found.push(
      html`
        <rect class="k-${category}" x="${left.toFixed(2)}" y="${y}" width="${Math.max(
          0.4,
          right - left,
        ).toFixed(2)}"
          height="${LANE - 10}">
          <title>${label}</title>
        </rect>
      `,
    );
    open = undefined;
  };
  for (const { category, name, start_ns, duration_ns } of slices) {
    const left = x(start_ns);
    const right = x(start_ns + duration_ns);
    const joins = open !== undefined && open.category === category && right - left < NARROW &&
      left - open.right < NARROW / 2;
    if (joins) {
      open!.right = right;
      open!.count++;
      continue;
    }
    close();
    open = { category, left, right, count: 1, name: `${name}: ${span(duration_ns)}` };
  }
  close();
  return found;
}
