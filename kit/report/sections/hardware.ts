/**
 * How much of the hardware the model used: MFU and MBU by phase, and encoder times.
 *
 * @module
 */

import { figure, withUnit } from "../format.ts";
import { html } from "../html.ts";
import { type Section, table, titled } from "../section.ts";

/** Operations and bytes of the model, over the time of its passes. */
export const hardware: Section = ({ analysis }) => {
  const { utilization } = analysis;
  if (!utilization || Object.keys(utilization.phases).length === 0) return undefined;
  const { device, phases } = utilization;
  return titled(
    "hardware",
    "Operations and bytes",
    table(
      "Computed from the model’s shape and each batch",
      ["phase", "TFLOP#", "GB#", "seconds#", "MFU#", "MBU#"],
      Object.entries(phases).map(([phase, { flops, bytes, seconds, mfuPct, mbuPct }]) => [
        phase,
        figure(flops / 1e12),
        figure(bytes / 1e9),
        figure(seconds),
        withUnit(mfuPct, "%"),
        withUnit(mbuPct, "%"),
      ]),
    ),
    device
      ? html`
        <p
          class="note">MFU and MBU are shares of the peaks of ${device.count > 1
            ? `${device.count} × `
            : ""}${device.name} (${device
            .source}). Operations are those of matrix products and attention; bytes
        are weights and KV cache, read once a pass. Activations between kernels are not in them, so MBU of
        large prefills is a lower bound. Against Nsight Compute’s counts on an H200 (a dense model):
        operations of a prefill 2.5 % low, bytes of a decode step 10 % low; in decode the tensor cores do
        2.5 times the operations that count here, on padding.</p>
      `
      : html`<p class="note">No peaks are known for this device, or its passes were timed by the host:
MFU and MBU are left out.</p>`,
  );
};

/** Encoder, decoder, cross-attention; only for models that have an encoder. */
export const encoders: Section = ({ analysis }) => {
  if (analysis.encoders.length === 0) return undefined;
  return titled(
    "encoders",
    "Encoder and decoder",
    table(
      "By component, in milliseconds; cross-attention is a part of the decoder",
      ["component", "count#", "total#", "mean#", "p95#"],
      analysis.encoders.map(({ name, statistics, totalMs }) => [
        name.replace("_", "-"),
        figure(statistics.count),
        figure(totalMs),
        figure(statistics.mean),
        figure(statistics.p95),
      ]),
    ),
  );
};
