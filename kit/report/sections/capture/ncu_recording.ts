/**
 * What of vLLM was measured by ncu, and under which conditions.
 *
 * @module
 */

import { figure, withUnit } from "../../format.ts";
import { type Content, html } from "../../html.ts";
import { type Section, titled } from "../../section.ts";
import { factList } from "../facts.ts";
import type { CaptureSource } from "./source.ts";

/** The part of the manifest that an ncu capture has; any of it may be missing. */
interface Measured {
  by?: string;
  load?: string;
  ncu?: { version?: string };
  kernels?: {
    chosen?: string;
    skip?: number;
    count?: number;
    measured?: number;
    left_out?: Record<string, number>;
  };
  window?: Record<string, string | number>;
  clock_control?: string;
  cache_control?: string;
  cuda_graphs?: string;
  engine_arguments?: Record<string, unknown>;
  open_with?: string;
  secrets?: { variables_left_behind: number; found_in_report: string[] };
}

const BY: Readonly<Record<string, string>> = {
  http: "vLLM's profiler, over HTTP",
  hook: "vLLM's profiler, around a call of the program",
  program: "the program, with cudaProfilerStart",
  run: "the start and the end of the command",
};

const GRAPHS: Readonly<Record<string, string>> = {
  eager: "none: vLLM ran eager",
  node: "kernel by kernel",
  graph: "each as a whole",
};

/** Measuring; nothing for a table whose making is not known. */
export const ncuRecording: Section<CaptureSource> = ({ manifest }) => {
  const measured = (manifest.capture ?? {}) as Measured;
  const { by, window = {}, kernels = {}, open_with, secrets, engine_arguments = {} } = measured;
  if (by === undefined) return undefined;
  const seconds = (name: string) =>
    typeof window[name] === "number" ? withUnit(window[name], "s") : undefined;
  const facts: [string, Content][] = [
    ["Chosen", kernels.chosen],
    ["Launches measured", kernels.measured === undefined ? undefined : figure(kernels.measured)],
    ["At most", kernels.count === undefined ? undefined : figure(kernels.count)],
    ["Let pass first", kernels.skip ? figure(kernels.skip) : undefined],
    ["Left out, by kind", listOf(kernels.left_out)],
    ["Begun and ended by", BY[by] ?? by],
    ["Load", measured.load],
    ["Ended because", window["ended"]],
    ["Measured for", seconds("seconds")],
    ["Clocks", measured.clock_control === "base" ? "locked to their base" : "as in service"],
    ["Caches", measured.cache_control === "none" ? "as the replays left them" : "flushed"],
    ["CUDA graphs", GRAPHS[measured.cuda_graphs ?? ""]],
    ["vLLM was given", listOf(engine_arguments)],
    ["ncu", measured.ncu?.version],
  ];
  return titled(
    "recording",
    "Measuring",
    open_with === undefined ? "" : html`<p>Open the launches: <code>${open_with}</code></p>`,
    factList(facts),
    secrets === undefined
      ? ""
      : html`<p class="note">${secrets.variables_left_behind} variables were kept from the command. ${
        secrets.found_in_report.length === 0
          ? "Nothing of them was found in the report."
          : `Found in the report: ${secrets.found_in_report.join(", ")}.`
      }</p>`,
    html`<p class="note">Each launch ran alone, and many times: what overlaps in service does not here.
The caches, the clocks and the KV cache are not those of service either.</p>`,
  );
};

function listOf(given: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const words = Object.entries(given ?? {}).map(([name, value]) => `${name} ${value}`);
  return words.length > 0 ? words.join(", ") : undefined;
}
