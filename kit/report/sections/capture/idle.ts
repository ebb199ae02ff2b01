/**
 * Why the GPU did nothing, and what CUDA graphs have to do with it.
 *
 * @module
 */

import type { IdleCause } from "../../../analysis/capture/idle_model.ts";
import type { CaptureAnalysis } from "../../../analysis/capture/model.ts";
import { figure } from "../../format.ts";
import { type Content, html } from "../../html.ts";
import { table, titled } from "../../section.ts";
import { codeName, meter, ms, ofAnalysis, share, us } from "./source.ts";

/** Each cause in words. */
export const CAUSES: Record<IdleCause, string> = {
  host_between_steps: "the host had launched nothing: between two steps",
  host_in_step: "the host had launched nothing: within a step",
  host: "the host had launched nothing",
  launch_latency: "the next kernel was launched, and on its way",
  queued: "the next kernel was queued: it waited for another stream, or within a graph",
  copy: "no kernel, but a copy or a fill",
  unknown: "the capture does not tell when the next kernel was launched",
};

const MOST_GAPS = 10;

/** Idle time. */
export const idleSection = ofAnalysis((analysis) => {
  const { gpu, idle = [], gaps = [] } = analysis;
  if (!gpu || idle.length === 0) return undefined;
  const total = idle.reduce((sum, { total_ns }) => sum + total_ns, 0);
  return titled(
    "idle",
    "Idle time",
    html`<p>No kernel ran for ${ms(total)} ms, ${share(gpu.idle_share)} of the time.</p>`,
    table(
      "Idle time by cause, in milliseconds",
      ["cause", "gaps#", "total#", "share#", ""],
      idle.map(({ cause, gaps: count, total_ns, share: part }) => [
        CAUSES[cause],
        figure(count),
        ms(total_ns),
        share(part),
        meter(part),
      ]),
    ),
    ...launches(analysis),
    gaps.length === 0 ? "" : table(
      "The longest gaps; at in milliseconds from the first event, length in microseconds",
      ["at#", "length#", "mostly because", "after", "before"],
      gaps.slice(0, MOST_GAPS).map(({ start_ns, duration_ns, cause, after, before }) => [
        ms(start_ns),
        us(duration_ns),
        CAUSES[cause],
        codeName(after),
        codeName(before),
      ]),
    ),
  );
});

function launches({ launch_bound, cuda_graphs }: CaptureAnalysis): Content[] {
  const found: Content[] = [];
  if (launch_bound) {
    const { launches, launches_on_idle, delay_median_ns } = launch_bound;
    found.push(
      html`<p>${figure(launches_on_idle)} of ${
        figure(launches)
      } launches (a graph’s replay is one) found the GPU idle${
        delay_median_ns === undefined
          ? ""
          : `; from a launch to its start half took less than ${us(delay_median_ns)} µs`
      }.</p>`,
    );
  }
  if (cuda_graphs) {
    const { kernels_in_graphs, kernels_total, coverage, launches } = cuda_graphs;
    found.push(
      html`<p>${figure(kernels_in_graphs)} of ${figure(kernels_total)} kernels (${
        share(coverage)
      }) were replayed from CUDA graphs${
        launches === undefined ? "" : `, with ${figure(launches)} launches`
      }.</p>`,
    );
  }
  return found;
}
