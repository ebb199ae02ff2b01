/**
 * What the sections of a capture's page share.
 *
 * @module
 */

import type { CaptureAnalysis } from "../../../analysis/capture/model.ts";
import { figure } from "../../format.ts";
import { type Html, html } from "../../html.ts";
import type { BundleSource, Section } from "../../section.ts";

/** What a section of a capture's page may use; the analysis is absent where nothing was read. */
export interface CaptureSource extends BundleSource {
  analysis: CaptureAnalysis | undefined;
}

/** A section that is made of the analysis. */
export function ofAnalysis(
  draw: (analysis: CaptureAnalysis, source: CaptureSource) => Html | undefined,
): Section<CaptureSource> {
  return (source) => source.analysis && draw(source.analysis, source);
}

/** Nanoseconds as milliseconds, for a column whose caption says so. */
export function ms(ns: number | undefined): string {
  return figure(ns === undefined ? undefined : ns / 1e6);
}

/** Nanoseconds as microseconds. */
export function us(ns: number | undefined): string {
  return figure(ns === undefined ? undefined : ns / 1e3);
}

/** A share in percent. */
export function share(value: number | undefined): string {
  return value === undefined ? "–" : `${figure(100 * value)} %`;
}

/** A span in the unit that leaves figures of a readable size. */
export function span(ns: number | undefined): string {
  if (ns === undefined) return "–";
  const [scale, unit] = ns >= 1e9 ? [1e9, "s"] : ns >= 1e6 ? [1e6, "ms"] : [1e3, "µs"];
  return `${figure(ns / scale)} ${unit}`;
}

/** A name of code, which may be very long: shown in part, whole under the pointer. */
export function codeName(name: string): Html {
  return html`<code class="kname" title="${name}">${name}</code>`;
}

/** A category with its colour. */
export function categoryMark(category: string): Html {
  return html`<span class="kind"><span class="swatch k-${category}"></span>${category}</span>`;
}

/** A bar from 0 to 1. */
export function meter(value: number): Html {
  return html`
    <svg class="meter" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect width="${(100 * value).toFixed(1)}" height="8" rx="1" />
    </svg>
  `;
}

/** Bars beside each other that fill the width, one per category. */
export function stackedBar(
  parts: readonly { category: string; value: number; label: string }[],
): Html {
  const total = parts.reduce((sum, { value }) => sum + value, 0);
  let left = 0;
  const rects = parts.filter(({ value }) => value > 0).map(({ category, value, label }) => {
    const width = 1000 * value / total;
    const rect = html`
      <rect class="k-${category}" x="${left.toFixed(2)}" width="${width.toFixed(2)}" height="18">
        <title>${label}</title>
      </rect>
    `;
    left += width;
    return rect;
  });
  return html`
    <svg class="stack" viewBox="0 0 1000 18" preserveAspectRatio="none" role="img"
      aria-label="${parts.map(({ label }) => label).join(", ")}">${rects}</svg>
  `;
}
