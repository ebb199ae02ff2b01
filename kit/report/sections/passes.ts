/**
 * Prefill and decode: the time of each step.
 *
 * @module
 */

import type { ChartSeries } from "../chart.ts";
import { figure } from "../format.ts";
import { html } from "../html.ts";
import { type Section, table, titled } from "../section.ts";

const COLORS: Record<string, 1 | 2 | 3> = { prefill: 1, decode: 2, mixed: 3 };

/** Forward passes. */
export const passes: Section = ({ analysis, charts }) => {
  const { phases, timing } = analysis;
  if (phases.length === 0) return undefined;
  const total = phases.reduce((sum, { totalMs }) => sum + totalMs, 0);
  const series: ChartSeries[] = Object.entries(analysis.passes).map(([label, points]) => ({
    ...points,
    label,
    color: COLORS[label] ?? 4,
    kind: "points",
  }));
  return titled(
    "passes",
    "Prefill and decode",
    table(
      "Forward passes by phase, in milliseconds",
      ["phase", "passes#", "share#", "total#", "mean#", "p50#", "p95#", "p99#", "max#"],
      phases.map(({ name, statistics, totalMs }) => [
        name,
        figure(statistics.count),
        `${figure(100 * totalMs / total)} %`,
        figure(totalMs),
        ...[statistics.mean, statistics.p50, statistics.p95, statistics.p99, statistics.max].map(
          figure,
        ),
      ]),
    ),
    charts.draw({
      id: "chart-passes",
      title: "Forward pass",
      unit: "ms",
      caption:
        "Each point is a pass. A mixed pass prefills some requests while others decode and wait for it.",
      series,
    }),
    html`<p class="note">Timed with ${
      timing.includes("cuda_event")
        ? "CUDA events on the GPU’s own clock"
        : "the host’s clock around execute_model()"
    }.</p>`,
  );
};
