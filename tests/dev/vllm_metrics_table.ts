/**
 * vLLM's own metrics beside ours, as docs/concepts/vllm-metrics.md shows them: from a recorded run.
 *
 * @module
 */

import type { Compared } from "../../kit/analysis/vllm_metrics/compare.ts";
import type { ScrapeRecord } from "../../kit/bundle/vllm_metrics_files.ts";
import { ROOT } from "./run.ts";

/** The run; `VSCOPE_RECORD_METRICS=1 ./dev test tests/e2e/live_test.ts` writes it. */
export const RECORDED_METRICS = `${ROOT}/tests/versions/vllm_metrics.json`;

interface Recorded {
  vllm: string;
  day: string;
  scrapes: ScrapeRecord;
  rows: Compared[];
}

/** The table, in Markdown. */
export async function vllmMetricsTable(): Promise<string> {
  const { vllm, day, scrapes, rows }: Recorded = JSON.parse(
    await Deno.readTextFile(RECORDED_METRICS),
  );
  return [
    `Recorded on ${day} with vLLM ${vllm} on a CPU, ${scrapes.scrapes} scrapes, ` +
    `by the checks of \`tests/e2e/vllm_metrics.ts\`:`,
    "",
    "| | vLLM | vscope | difference | why they may differ |",
    "|---|--:|--:|--:|---|",
    ...rows.map(({ what, unit, vllm, ours, difference, why }) =>
      `| ${what}, ${unit} | ${short(vllm)} | ${short(ours)} | ${short(difference)} | ${why} |`
    ),
  ].join("\n");
}

/** Four digits of what is no whole number. */
function short(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
}
