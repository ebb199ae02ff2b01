/**
 * The figures of a capture that are asked for first.
 *
 * @module
 */

import type { CaptureAnalysis } from "../../../analysis/capture/model.ts";
import { figure, withUnit } from "../../format.ts";
import { type Html, html } from "../../html.ts";
import { ofAnalysis, share, span } from "./source.ts";

/** Headline tiles; a figure that the capture cannot tell has no tile. */
export const captureTiles = ofAnalysis((analysis) => {
  const tiles = [...steps(analysis), ...gpu(analysis), ...cpu(analysis)];
  return tiles.length === 0 ? undefined : html`<div class="tiles">${tiles}</div>`;
});

function tile(label: string, value: string, more: string): Html {
  return html`<div class="tile"><span>${label}</span><b>${value}</b><small>${more}</small></div>`;
}

function steps({ iterations, steps = [] }: CaptureAnalysis): Html[] {
  if (!iterations) return [];
  const { count, prefill, decode, mixed, elapsed_ms } = iterations;
  const parts = [[prefill, "prefill"], [decode, "decode"], [mixed, "mixed"]] as const;
  const tiles = [
    tile(
      "Steps",
      figure(count),
      parts.filter(([number]) => number).map(([number, name]) => `${number} ${name}`).join(", "),
    ),
  ];
  const decodes = steps.filter(({ phase }) => phase === "decode")
    .map(({ elapsed_ns }) => elapsed_ns).sort((a, b) => a - b);
  const middle = decodes[decodes.length >> 1];
  tiles.push(
    middle === undefined
      ? tile(
        "Step",
        withUnit(elapsed_ms.p50, "ms"),
        `median; p95 ${withUnit(elapsed_ms.p95, "ms")}`,
      )
      : tile("Decode step", span(middle), "median, on the host"),
  );
  return tiles;
}

function gpu({ gpu, cuda_graphs, launch_bound, communication }: CaptureAnalysis): Html[] {
  if (!gpu) return [];
  const tiles = [
    tile("Kernels", figure(gpu.kernel_count), `${span(gpu.kernel_time_ns)} in all`),
    tile(
      "GPU busy",
      share(1 - gpu.idle_share),
      `${span(gpu.busy_time_ns)} of ${span(gpu.span_ns)}`,
    ),
  ];
  if (launch_bound) {
    tiles.push(tile("Waiting for the host", share(launch_bound.share), "of the GPU’s time"));
  }
  if (cuda_graphs) {
    tiles.push(tile("In CUDA graphs", share(cuda_graphs.coverage), "of all kernels"));
  }
  if (communication) {
    tiles.push(
      tile(
        "Communication",
        span(communication.exposed_ns),
        `not hidden, of ${span(communication.busy_ns)}`,
      ),
    );
  }
  return tiles;
}

function cpu({ gpu, cpu_operators = [], cpu_categories = [] }: CaptureAnalysis): Html[] {
  if (gpu || cpu_operators.length === 0) return [];
  const total = cpu_categories.reduce((sum, { self_ns }) => sum + self_ns, 0);
  const calls = cpu_operators.reduce((sum, { count }) => sum + count, 0);
  const [first] = cpu_categories;
  const tiles = [tile("Operator calls", figure(calls), `${span(total)} in all`)];
  if (first) {
    tiles.push(tile("Most time", first.category, `${share(first.share)} of the operators’`));
  }
  return tiles;
}
