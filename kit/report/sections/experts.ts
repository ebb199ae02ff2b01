/**
 * Experts: load by layer, imbalance over time, and the pairs chosen together.
 *
 * @module
 */

import { driftOf, type ExpertAnalysis } from "../../analysis/experts.ts";
import { THRESHOLDS as LIMIT } from "../../analysis/thresholds.ts";
import { figure, withUnit } from "../format.ts";
import { Html, html } from "../html.ts";
import { type Section, table, titled } from "../section.ts";

/** Layers of the table. */
const MOST_LAYERS = 64;

/** Experts; nothing for a model without any. */
export const experts: Section = ({ analysis, charts }) => {
  const { experts } = analysis;
  if (!experts) return undefined;
  const verdict = (good: boolean) =>
    good ? html`<span class="h-attached">✓</span>` : html`<span class="h-failed">✕</span>`;
  return titled(
    "experts",
    "Experts",
    heatMap(experts),
    experts.imbalance.x.length > 1
      ? charts.draw({
        id: "chart-experts",
        title: "Imbalance",
        unit: "deviation / mean",
        caption:
          "Deviation of the experts’ load over its mean between two samples, the mean of all " +
          `layers; below ${LIMIT.expertDeviation.value} is healthy.`,
        series: [{ ...experts.imbalance, label: "all layers", color: 4, kind: "line" }],
        bands: [{ from: 0, to: LIMIT.expertDeviation.value, label: "healthy", mood: "good" }],
      })
      : undefined,
    table(
      `Health by layer: all experts in use, largest load below ${LIMIT.expertRatio.value} times ` +
        `the smallest, deviation below ${LIMIT.expertDeviation.value} of the mean`,
      ["layer#", "choices#", "experts in use#", "", "max / min#", "", "deviation / mean#", ""],
      experts.layers.slice(0, MOST_LAYERS).map((layer) => [
        figure(layer.layer),
        figure(layer.total),
        withUnit(layer.coveragePct, "%"),
        verdict(layer.coveragePct === 100),
        layer.maxMinRatio === undefined ? "an expert has none" : figure(layer.maxMinRatio),
        verdict(layer.maxMinRatio !== undefined && layer.maxMinRatio < LIMIT.expertRatio.value),
        figure(layer.stdOverMean),
        verdict(layer.stdOverMean < LIMIT.expertDeviation.value),
      ]),
    ),
    experts.quarters
      ? table(
        `Stable over time: between quarters of the choices the deviation moves by less than ` +
          `${LIMIT.expertDrift.value} of the mean; what chance makes is taken off`,
        ["first quarter#", "second#", "third#", "last#", "moves by#", ""],
        [[
          ...experts.quarters.map(figure),
          figure(driftOf(experts.quarters)),
          verdict(driftOf(experts.quarters) < LIMIT.expertDrift.value),
        ]],
      )
      : undefined,
    experts.pairs.length > 0
      ? table(
        "Pairs chosen together most often",
        ["layer#", "expert#", "and expert#", "tokens#"],
        experts.pairs.map(({ layer, first, second, count }) =>
          [layer, first, second, count].map(figure)
        ),
      )
      : undefined,
  );
};

const CELL = { width: 700, height: 8 };

/** Layers down, experts across; the darker, the larger its share of the layer’s choices. */
function heatMap({ layers }: ExpertAnalysis): Html {
  const across = Math.max(...layers.map(({ counts }) => counts.length));
  const width = CELL.width / across;
  // Twice an even share is fully dark.
  const cells = layers.map(({ counts, total, layer }, row) =>
    counts.map((count, expert) => {
      const share = total === 0 ? 0 : count / total;
      const strength = Math.min(1, share * counts.length / 2);
      const title = `layer ${layer}, expert ${expert}: ${count} (${(100 * share).toFixed(2)} %)`;
      const fill = count === 0 ? "var(--bad)" : "var(--c1)";
      const opacity = count === 0 ? 0.6 : 0.06 + 0.94 * strength;
      return `<rect x="${(40 + expert * width).toFixed(2)}" y="${row * CELL.height}" width="${
        width.toFixed(2)
      }" height="${CELL.height}" fill="${fill}" fill-opacity="${
        opacity.toFixed(2)
      }"><title>${title}</title></rect>`;
    }).join("")
  ).join("");
  const labels = layers.map(({ layer }, row) =>
    row % Math.ceil(layers.length / 12) === 0
      ? `<text x="34" y="${
        (row + 0.9) * CELL.height
      }" text-anchor="end" font-size="9" fill="currentColor">${layer}</text>`
      : ""
  ).join("");
  const height = layers.length * CELL.height;
  return html`
    <figure class="chart">
      <figcaption><strong>Load by layer and expert</strong></figcaption>
      <div class="static">${new Html(
        `<svg viewBox="0 0 ${CELL.width + 44} ${height}" role="img" ` +
          `aria-label="Load of every expert of every layer">${cells}${labels}</svg>`,
      )}</div>
      <p class="caption">Layers down, experts across. An even share is half dark, twice that is
    fully dark; an expert that nobody chose is marked in the colour of errors.</p>
    </figure>
  `;
}
