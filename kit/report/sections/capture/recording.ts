/**
 * How a torch trace was recorded, which file to open, and what profiling costs.
 *
 * @module
 */

import { size, withUnit } from "../../format.ts";
import { type Content, html } from "../../html.ts";
import { type Section, table, titled } from "../../section.ts";
import { factList } from "../facts.ts";
import type { CaptureSource } from "./source.ts";

/** The part of the manifest that a torch capture has; any of it may be missing. */
interface Recorded {
  form?: string;
  load?: string;
  window?: Record<string, string | number>;
  ranks_expected?: number;
  traces?: {
    path: string;
    role: string;
    rank?: number;
    dp?: number;
    bytes: number;
    whole: boolean;
  }[];
  open_in_perfetto?: string;
}

/** Recording. */
export const recording: Section<CaptureSource> = ({ manifest, dir }) => {
  const { window = {}, load, traces = [], open_in_perfetto, ranks_expected } =
    (manifest.capture ?? {}) as Recorded;
  const bound = (value: unknown, unit: string) =>
    value === 0 ? "no bound" : typeof value === "number" ? withUnit(value, unit) : undefined;
  const facts: [string, Content][] = [
    ["Load", load],
    ["Ended because", window["ended"]],
    ["Recorded", seconds(window["seconds"])],
    ["Written in", seconds(window["flush_seconds"])],
    ["Steps let pass first", bound(window["delay_iterations"] || undefined, "steps")],
    [
      "At most",
      [
        bound(window["max_iterations"], "steps"),
        bound(window["max_seconds"], "s"),
        typeof window["max_bytes"] === "number"
          ? `${size(window["max_bytes"])} of memory`
          : undefined,
      ].filter((part) => part !== undefined).join(", "),
    ],
  ];
  return titled(
    "recording",
    "Recording",
    open_in_perfetto === undefined
      ? html`<p>No trace can be opened: see the findings.</p>`
      : html`<p>Open <code>${dir.split("/").at(-1)}/${open_in_perfetto}</code> in
<a href="https://ui.perfetto.dev">ui.perfetto.dev</a> as it is: it needs no unpacking.</p>`,
    factList(facts),
    traces.length === 0 ? "" : table(
      "Traces" + (ranks_expected === undefined ? "" : `; ranks expected: ${ranks_expected}`),
      ["of", "file", "size#", "can be read"],
      traces.map(({ role, rank, dp, path, bytes, whole }) => [
        role === "rank" ? `${dp ? `dp ${dp} ` : ""}rank ${rank ?? "unknown"}` : role,
        html`<code>${path}</code>`,
        size(bytes),
        whole ? "to its end" : html`<span class="h-failed">in part</span>`,
      ]),
    ),
    html`<p class="note">Profiling slows inference down, and the host more than the GPU: shares and
ratios mean more here than absolute times. It is for those who develop or tune vLLM, on an engine that
nobody else depends on. The front end’s trace spans the whole recording, whatever the bounds in
steps.</p>`,
  );
};

function seconds(value: unknown): string | undefined {
  return typeof value === "number" ? withUnit(value, "s") : undefined;
}
