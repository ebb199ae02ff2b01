/**
 * How much of the hardware the model used: MFU and MBU by phase, and encoder times.
 *
 * @module
 */

import { figure, withUnit } from "../format.ts";
import { html } from "../html.ts";
import { type Section, table, titled } from "../section.ts";

const OF_FP8 =
  "Weights and activations are in FP8; attention and the head, which are computed in 16 bits, are " +
  "counted against the FP8 peak as well, so MFU says too little.";

/** What is known of the error of these figures: docs/benchmarks.md, the model of MFU and MBU. */
const ERRORS = {
  "dense": "Against Nsight Compute’s counts on an H200 (a dense model): operations of a prefill " +
    "2.5 % low, bytes of a decode step 10 % low; in decode the tensor cores do 2.5 times the " +
    "operations that count here, on padding.",
  "128 experts":
    "Against Nsight Compute’s counts on an H200 (a model of 128 experts): operations " +
    "of a prefill 4.9 % low, bytes of a decode step 1.8 % low; in decode the tensor cores do 2.8 " +
    "times the operations that count here, on padding.",
  "others":
    "The error for this model and device was not measured: on an H200, in BF16, operations " +
    "of a prefill were 2.5 % low and bytes of a decode step 10 % low for a dense model, 4.9 % and " +
    "1.8 % for one of 128 experts.",
} as const;

/** Operations and bytes of the model, over the time of its passes. */
export const hardware: Section = ({ analysis }) => {
  const { utilization } = analysis;
  if (!utilization || Object.keys(utilization.phases).length === 0) return undefined;
  const { device, phases, unknown, measured } = utilization;
  return titled(
    "hardware",
    "Operations and bytes",
    table(
      "Computed from the model’s shape and each batch",
      ["phase", "TFLOP#", "GB#", "seconds#", "MFU#", "MBU#"],
      Object.entries(phases).map(([phase, { flops, bytes, seconds, mfuPct, mbuPct }]) => [
        phase,
        figure(flops && flops / 1e12),
        figure(bytes && bytes / 1e9),
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
            : ""}${device.name}${device.precision
            ? ` in ${device.precision.toUpperCase()}`
            : ""} (${device
            .source}). Operations are those of matrix products and attention; bytes
        are weights and KV cache, read once a pass. Activations between kernels are not in them, so MBU of
        large prefills is a lower bound. ${device.precision === "fp8" ? OF_FP8 : ""} ${measured
          ? ERRORS[measured]
          : ERRORS.others}</p>
        ${unknown?.mfu ? html`<p class="note">MFU is left out: ${unknown.mfu}.</p>` : ""}
        ${unknown?.mbu ? html`<p class="note">MBU is left out: ${unknown.mbu}.</p>` : ""}
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
