/**
 * What was measured, on what.
 *
 * @module
 */

import { part } from "../../../sweep/sweep_folder.ts";
import { figure } from "../../format.ts";
import { type Content, html } from "../../html.ts";
import type { Section } from "../../section.ts";
import { factList } from "../facts.ts";
import { type SweepData, sweepName, type SweepSource, TIMED } from "./source.ts";

/** The head of the page. */
export const sweepHead: Section<SweepSource> = ({ manifest, sweep, other }) => {
  const values = sweep.meta?.values ?? {};
  const engine = part(values, "engine_effective");
  const said = (key: string): Content => {
    const value = values[key];
    return value === undefined || value === null ? undefined : String(value);
  };
  const limits = ["max_num_batched_tokens", "max_num_seqs"].filter((key) => key in engine)
    .map((key) => `${key} ${engine[key]}`).join(", ");
  return html`<header>
<div class="bar"><span class="brand">vscope <small>${manifest.versions.vscope}</small></span>
<button type="button" id="theme" hidden>Light or dark</button></div>
<h1>sweep: what each operator costs</h1>
${
    manifest.status === undefined
      ? ""
      : html`<p class="status s-${manifest.status}"><strong>${manifest.status}</strong></p>`
  }
${
    factList([
      ["Model", said("model")],
      ["Hardware", said("hardware")],
      ["Device", said("gpu")],
      ["Variant", said("variant")],
      ["TP degrees", sweep.degrees.map(({ tp }) => tp).join(", ")],
      ["vLLM", said("vllm_version")],
      ["Measured", said("profiled_at")],
      ["Runs", runsText(values["sweeps"])],
      ["By", said("profiler_version")],
      ["Limits", limits],
      ["Rows", rowsText(sweep)],
      ["Drawn over it", other ? sweepName(other) : undefined],
    ])
  }</header>`;
};

function rowsText({ degrees }: SweepData): string {
  return [...TIMED, "skew" as const].map((name) => {
    const count = degrees.reduce(
      (total, { rows, skew }) => total + (name === "skew" ? skew.length : rows[name]?.length ?? 0),
      0,
    );
    return count === 0 ? "" : `${name} ${figure(count)}`;
  }).filter((text) => text !== "").join(", ");
}

/** Of several runs, and on how many GPUs they were as far as they tell; empty where it was one. */
function runsText(sweeps: unknown): string {
  if (!Array.isArray(sweeps) || sweeps.length < 2) return "";
  const runs: unknown[] = sweeps;
  const gpus = runs.map((run) => (run as Record<string, unknown> | null)?.["gpu_uuid_sha256"]);
  const known = new Set(gpus.filter((gpu) => typeof gpu === "string"));
  return `${runs.length}` +
    (known.size > 0 ? `, on ${known.size} ${known.size === 1 ? "GPU" : "GPUs"}` : "");
}
