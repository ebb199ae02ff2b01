/**
 * The CPU's part of a step.
 *
 * @module
 */

import { figure } from "../format.ts";
import { html } from "../html.ts";
import { type Section, table, titled } from "../section.ts";

const WHERE: Record<string, string> = {
  scheduling: "EngineCore: chooses the batch",
  output_update: "EngineCore: takes the sampled tokens in",
  batch_preparation: "worker, part of model_execution: builds the inputs",
  model_execution: "worker: prepares, launches and (on a CPU) computes the pass",
  sampling: "worker: picks the next tokens",
  output_processing: "API server: detokenizes, looks for stop strings",
};

/** CPU operations. */
export const operations: Section = ({ analysis }) => {
  if (analysis.operations.length === 0) return undefined;
  const longest = Math.max(...analysis.operations.map(({ totalMs }) => totalMs));
  return titled(
    "cpu",
    "CPU operations",
    table(
      "Calls by operation, in milliseconds; operations of different processes overlap",
      [
        "operation",
        "what it does",
        "calls#",
        "total#",
        "mean#",
        "p50#",
        "p95#",
        "max#",
        "share of the longest",
      ],
      analysis.operations.map(({ name, statistics, totalMs }) => [
        name,
        WHERE[name] ?? "",
        figure(statistics.count),
        figure(totalMs),
        ...[statistics.mean, statistics.p50, statistics.p95, statistics.max].map(figure),
        html`
          <svg class="meter" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
            <rect width="${(100 * totalMs / longest).toFixed(1)}" height="8" rx="1" />
          </svg>
        `,
      ]),
    ),
  );
};
