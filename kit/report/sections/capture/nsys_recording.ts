/**
 * How a recording of nsys was made, how to open it, and what was taken out of its files.
 *
 * @module
 */

import { withUnit } from "../../format.ts";
import { type Content, html } from "../../html.ts";
import { type Section, titled } from "../../section.ts";
import { factList } from "../facts.ts";
import type { CaptureSource } from "./source.ts";

/** The part of the manifest that an nsys capture has; any of it may be missing. */
interface Recorded {
  by?: string;
  load?: string;
  nsys?: { version?: string };
  window?: Record<string, string | number>;
  cuda_graphs?: string;
  open_with?: string;
  sqlite?: string;
  secrets?: {
    variables_left_behind: number;
    removed_from_sqlite: Record<string, number>;
    found_in_report: string[];
  };
}

const BY: Readonly<Record<string, string>> = {
  http: "vLLM's profiler, over HTTP",
  hook: "vLLM's profiler, around a call of the program",
  program: "the program, with cudaProfilerStart",
  clock: "the clock of nsys",
  run: "the start and the end of the command",
};

/** Recording; nothing for an export whose recording is not known. */
export const nsysRecording: Section<CaptureSource> = ({ manifest }) => {
  const recorded = (manifest.capture ?? {}) as Recorded;
  const { by, load, nsys, window = {}, cuda_graphs, open_with, sqlite, secrets } = recorded;
  if (by === undefined) return undefined;
  const seconds = (name: string) =>
    typeof window[name] === "number" ? withUnit(window[name], "s") : undefined;
  const facts: [string, Content][] = [
    ["Begun and ended by", BY[by] ?? by],
    ["Load", load],
    ["Ended because", window["ended"]],
    ["Recorded", seconds("seconds")],
    ["Report and end took", seconds("report_seconds")],
    ["CUDA graphs", cuda_graphs === "graph" ? "each as a whole" : "kernel by kernel"],
    ["nsys", nsys?.version],
  ];
  return titled(
    "recording",
    "Recording",
    open_with === undefined ? "" : html`<p>Open the timeline: <code>${open_with}</code></p>`,
    factList(facts),
    secrets === undefined ? "" : html`<p class="note">nsys writes environments into its files.
${secrets.variables_left_behind} variables were kept from the command, and environments, arguments and
output were taken out of ${sqlite ? html`<code>${sqlite}</code>` : "the export"} (${
      Object.entries(secrets.removed_from_sqlite).map(([table, rows]) => `${table}: ${rows}`)
        .join(", ") || "there were none"
    }). ${
      secrets.found_in_report.length === 0
        ? "Nothing of them was found in the report."
        : `Found in the report: ${secrets.found_in_report.join(", ")}.`
    }</p>`,
    html`<p class="note">Recording slows vLLM down, and the host more than the GPU: shares and ratios
mean more here than absolute times.</p>`,
  );
};
