/**
 * The time axis of a drawn step.
 *
 * @module
 */

import { type Html, html } from "../../html.ts";
import { span } from "./source.ts";

/** Marks at round times, from `top` down to the labels at the foot of `height`. */
export function axis(
  from: number,
  until: number,
  x: (ns: number) => number,
  top: number,
  height: number,
): Html[] {
  const width = x(until);
  const step = niceStep((until - from) / 6);
  const marks: Html[] = [];
  for (let at = Math.ceil(from / step) * step; at <= until; at += step) {
    const anchor = x(at) < 30 ? "start" : x(at) > width - 30 ? "end" : "middle";
    marks.push(
      html`<path class="grid" d="M${x(at).toFixed(1)} ${top}V${height - 18}" />
<text class="tick" x="${x(at).toFixed(1)}" y="${height - 4}" text-anchor="${anchor}">${
        at === 0 ? "0" : span(at)
      }</text>`,
    );
  }
  return marks;
}

/** 1, 2 or 5 times a power of ten. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  return power * ([1, 2, 5].find((factor) => factor * power >= least) ?? 10);
}
