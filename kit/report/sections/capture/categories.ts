/**
 * Kinds of work, in all and in each phase.
 *
 * @module
 */

import { type CaptureAnalysis, CATEGORIES } from "../../../analysis/capture/model.ts";
import { figure } from "../../format.ts";
import { type Content, html } from "../../html.ts";
import { table, titled } from "../../section.ts";
import { categoryMark, meter, ms, ofAnalysis, share, stackedBar } from "./source.ts";

/** Categories of kernels, or of CPU operators where there is no kernel. */
export const categoriesSection = ofAnalysis((analysis) => {
  const { categories, cpu_categories } = analysis;
  if (categories && categories.length > 0) {
    return titled(
      "categories",
      "Kinds of work",
      ...byPhase(analysis),
      table(
        "GPU kernels by kind, in milliseconds",
        ["kind", "kernels#", "total#", "share#", ""],
        categories.map(({ category, count, total_ns, share: part }) => [
          categoryMark(category),
          figure(count),
          ms(total_ns),
          share(part),
          meter(part),
        ]),
      ),
      OTHER,
    );
  }
  if (!cpu_categories || cpu_categories.length === 0) return undefined;
  const rows = cpu_categories.toSorted((a, b) => b.self_ns - a.self_ns);
  return titled(
    "categories",
    "Kinds of work",
    html`
      <figure
        class="chart"><figcaption><strong>CPU operators by kind</strong></figcaption>${stackedBar(
          rows.map(({ category, self_ns, share: part }) => ({
            category,
            value: self_ns,
            label: `${category} ${share(part)}`,
          })),
        )}</figure>
    `,
    table(
      "CPU operators by kind, their own time in milliseconds, without the operators that they call",
      ["kind", "calls#", "own time#", "share#", ""],
      rows.map(({ category, count, self_ns, share: part }) => [
        categoryMark(category),
        figure(count),
        ms(self_ns),
        share(part),
        meter(part),
      ]),
    ),
    OTHER,
  );
});

const OTHER = html`<p class="note">Names decide the kind, by ordered rules. What no rule knows is
<em>other</em>, and always shown.</p>`;

/** A bar and a row per phase. */
function byPhase({ categories_by_phase = [] }: CaptureAnalysis): Content[] {
  if (categories_by_phase.length === 0) return [];
  const phases = [...new Set(categories_by_phase.map(({ phase }) => phase))];
  const used = CATEGORIES.filter((name) =>
    categories_by_phase.some(({ category, total_ns }) => category === name && total_ns > 0)
  );
  const of = (phase: string, category: string) =>
    categories_by_phase.find((row) => row.phase === phase && row.category === category)?.total_ns ??
      0;
  const total = (phase: string) => used.reduce((sum, name) => sum + of(phase, name), 0);
  return [
    html`<figure class="chart"><figcaption><strong>GPU time by kind, in each phase</strong>
<ul class="legend">${used.map((name) => html`<li>${categoryMark(name)}</li>`)}</ul></figcaption>${
      phases.map((phase) =>
        html`<p class="bar-label">${phase === "other" ? "outside every step" : phase} <span>${
          ms(total(phase))
        } ms</span></p>${
          stackedBar(used.map((category) => ({
            category,
            value: of(phase, category),
            label: `${category} ${share(of(phase, category) / total(phase))}`,
          })))
        }`
      )
    }</figure>`,
    table(
      "GPU time by phase and kind, in milliseconds",
      ["kind", ...phases.map((phase) => `${phase === "other" ? "outside" : phase}#`)],
      used.map((category) => [
        categoryMark(category),
        ...phases.map((phase) => of(phase, category) === 0 ? "–" : ms(of(phase, category))),
      ]),
    ),
  ];
}
