/**
 * How a GPU trace is read in Xcode.
 *
 * @module
 */

import { html } from "../html.ts";
import { type Section, table, titled } from "../section.ts";
import type { MetalSource } from "./metal_captures.ts";

/** Panes of Xcode's GPU debugger, and whether the trace has to be replayed for them. */
const PANES: [pane: string, shows: string, replay: string][] = [
  [
    "Summary",
    "how many command buffers and commands there are, and the workload at a glance",
    "no",
  ],
  ["Dependencies", "which buffer is made from which: the order in which kernels depend", "no"],
  [
    "Performance",
    "GPU time, memory bandwidth and occupancy of every dispatch; empty until Profile is clicked",
    "yes",
  ],
  [
    "Memory",
    "contents of buffers and heaps at any point: wrong numbers, the KV cache’s layout",
    "no",
  ],
  [
    "Navigator (API calls)",
    "command buffer → compute encoder → dispatch; the dispatches lie inside the encoders",
    "no",
  ],
];

const SEARCHES = ["paged_attention", "rms_norm", "rope", "gemm", "q8_0_dequant"];

/** Panes, the replay, and finding kernels. */
export const metalReading: Section<MetalSource> = ({ record }) => {
  const fraction = record?.memory_fraction;
  const safe = fraction !== undefined && Number(fraction) <= 0.1;
  return titled(
    "reading",
    "How to read it",
    table("Panes of Xcode’s GPU debugger", ["pane", "what it shows", "needs Profile"], PANES),
    html`
      <h3>Profile replays the trace</h3>
      <p>Only Performance needs it. Click Profile once and wait some minutes: Xcode allocates everything
      that the engine held on the GPU again, and runs the commands with counters on.</p>
      <p class="${safe ? "note" : "warning"}"><strong>${safe
        ? "Safe for this trace"
        : "Do not click Profile for this trace"}:</strong> ${safe
        ? `the engine ran with VLLM_METAL_MEMORY_FRACTION=${fraction}, so there is little to allocate.`
        : `the engine ran with VLLM_METAL_MEMORY_FRACTION ${
          fraction ?? "unknown to vscope"
        }. With a ` +
          "KV cache of 20 GB and more the replay can lock the machine; the other panes are safe. " +
          "Capture again with 0.1 to use Performance."}</p>
      <p>If Xcode hangs after Profile, force it to quit.</p>
      <h3>Finding a kernel</h3>
      <ul>
        <li>⌘F (Edit → Find → Find in GPU Trace) searches by name, and MLX labels dispatches with the names
      of its operations: ${SEARCHES.map((name, place) =>
        html`${place > 0 ? ", " : ""}<code>${name}</code>`
      )}.</li>
        <li>The top entries of the navigator are offsets into MLX’s heap
      (<code>BufferHeapOffset(0x…)</code>), not kernels: open the compute encoders below them, or group by
      encoder instead of “Group by API Call”.</li>
      </ul>
      <h3>What is not in it</h3>
      <ul>
        <li>Named ranges: Metal’s capture has none. Kernels have names; layers, steps and requests have none,
      and are told by order: with one request, a pass for the prompt and then one for each token.</li>
        <li>Wall-clock time: the capture slowed everything down. Only the GPU times of Profile are those of
      the hardware. How busy the GPU is in a real run, <code>vscope xctrace</code> tells.</li>
      </ul>
    `,
  );
};
