/**
 * Batches and the KV cache over time.
 *
 * @module
 */

import { THRESHOLDS } from "../../analysis/thresholds.ts";
import { figure } from "../format.ts";
import { html } from "../html.ts";
import { type Section, titled } from "../section.ts";

/** Utilization of batch and cache. */
export const utilization: Section = ({ analysis, charts }) => {
  const { kv, batches } = analysis;
  if (!kv && !batches) return undefined;
  const { kvLow, kvGoodFrom, kvGoodTo, kvHigh } = THRESHOLDS;
  return titled(
    "utilization",
    "Batches and KV cache",
    kv && charts.draw({
      id: "chart-kv",
      title: "KV cache in use",
      unit: "% of blocks",
      caption:
        `Between ${kvGoodFrom.value} and ${kvGoodTo.value} % is a good balance under full load; ` +
        `below ${kvLow.value} % the cache is larger than needed, above ${kvHigh.value} % requests soon wait for blocks.`,
      yMax: 100,
      bands: [
        { from: kvGoodFrom.value, to: kvGoodTo.value, label: "good", mood: "good" },
        { from: kvHigh.value, to: 100, label: "nearly full", mood: "high" },
        { from: 0, to: kvLow.value, label: "roomy", mood: "low" },
      ],
      series: [{ ...kv.usage, label: "blocks in use", color: 1, kind: "line" }],
    }),
    batches && charts.draw({
      id: "chart-batch",
      title: "Batch against its limits",
      unit: "%",
      caption: `Requests against max_num_seqs (${
        figure(batches.maxSeqs)
      }), tokens against max_num_batched_tokens (${figure(batches.maxTokens)}).`,
      yMax: 100,
      series: [
        { ...batches.sequences, label: "requests in the batch", color: 1, kind: "line" },
        { ...batches.tokens, label: "tokens in the batch", color: 2, kind: "line" },
      ],
    }),
    batches && charts.draw({
      id: "chart-queues",
      title: "Queues",
      unit: "requests",
      caption: "Requests that run and requests that wait, after each step was scheduled.",
      series: [
        { ...batches.running, label: "running", color: 1, kind: "line" },
        { ...batches.waiting, label: "waiting", color: 2, kind: "line" },
      ],
    }),
    html`<p class="note">Bands: ${kvLow.source}; rules of thumb, not proven.</p>`,
  );
};
