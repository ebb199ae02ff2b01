/**
 * The figures that are asked for first.
 *
 * @module
 */

import { figure, withUnit } from "../format.ts";
import { type Html, html } from "../html.ts";
import type { Section } from "../section.ts";

/** Headline tiles; a figure that the bundle cannot tell has no tile. */
export const tiles: Section = ({ analysis }) => {
  const { summary, kv, batches, phases, servingSec, requestCount } = analysis;
  const requests = summary.requests;
  const found: Html[] = [];
  const tile = (label: string, value: string, more: string) =>
    found.push(
      html`<div class="tile"><span>${label}</span><b>${value}</b><small>${more}</small></div>`,
    );
  if (requestCount > 0) {
    const ended = requests?.["finished"];
    tile("Requests", figure(requestCount), ended === undefined ? "" : `${figure(ended)} finished`);
  }
  const generated = requests?.["generated_tokens"];
  if (servingSec && generated) {
    tile(
      "Output",
      withUnit(generated / servingSec, "tokens/s"),
      `${figure(generated)} tokens in ${withUnit(servingSec, "s")}`,
    );
  }
  const latency = (name: string) => requests?.[name] as Record<string, number> | undefined;
  for (
    const [name, label] of [["ttft_ms", "Time to first token"], [
      "tpot_ms",
      "Time per output token",
    ], ["e2e_ms", "Request latency"]] as const
  ) {
    const found = latency(name);
    if (found?.["count"]) {
      tile(
        label,
        withUnit(found["p50_ms"], "ms"),
        `median; p95 ${withUnit(found["p95_ms"], "ms")}`,
      );
    }
  }
  const decode = phases.find(({ name }) => name === "decode")?.statistics;
  if (decode) {
    tile("Decode step", withUnit(decode.p50, "ms"), `median; p95 ${withUnit(decode.p95, "ms")}`);
  }
  if (kv) {
    tile("Peak KV cache", withUnit(kv.statistics.max, "%"), `of ${figure(kv.totalBlocks)} blocks`);
  }
  if (batches) {
    tile(
      "Batch fill",
      withUnit(batches.sequenceShare.mean, "%"),
      `mean, of ${figure(batches.maxSeqs)} requests`,
    );
  }
  return found.length === 0 ? undefined : html`<div class="tiles">${found}</div>`;
};
