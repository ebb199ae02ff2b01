/**
 * What ran, on what, and how it ended.
 *
 * @module
 */

import { html } from "../html.ts";
import { factList } from "./facts.ts";
import { withUnit } from "../format.ts";
import type { BundleSource, Section } from "../section.ts";

/** Longer words of a command line are cut to so many letters. */
const [LONGEST_WORD, SHORTENED] = [800, 80];

/** What a page is about, where it is not time and memory. */
const TITLES: ReadonlyMap<string, string> = new Map([
  ["ncu", "kernels against the device’s peaks"],
  ["metal", "a frame capture for Xcode"],
  ["xctrace", "how busy GPU and CPU were"],
]);

/** The head of the page. */
export const head: Section<BundleSource> = ({ manifest }) => {
  const { versions, engine, devices } = manifest;
  const seconds = manifest.ended_at === undefined
    ? undefined
    : (Date.parse(manifest.ended_at) - Date.parse(manifest.started_at)) / 1000;
  const status = manifest.status ?? "running";
  const facts: [string, string | undefined][] = [
    ["Model", text(engine["model"])],
    ["vLLM", versions.vllm],
    [
      "Device",
      devices.map(({ name, count }) => count ? `${name} (${count} cores)` : name).join(", "),
    ],
    ["Began", manifest.started_at.replace("T", " ").replace(/\.\d+Z$/, " UTC")],
    ["Lasted", seconds === undefined ? undefined : withUnit(seconds, "s")],
    ["Python, torch", [versions.python, versions.torch].filter(Boolean).join(", ")],
    ["CUDA, driver", [versions.cuda, versions.driver].filter(Boolean).join(", ")],
    ["Limits", limits(engine)],
  ];
  return html`<header>
<div class="bar"><span class="brand">vscope <small>${versions.vscope}</small></span>
<button type="button" id="theme" hidden>Light or dark</button></div>
<h1>${manifest.recipe}: ${TITLES.get(manifest.recipe) ?? "where the time and memory went"}</h1>
<p class="status s-${status}"><strong>${status}</strong> ${meaning[status]}</p>
${
    manifest.command.length > 0
      ? html`<pre class="command">${manifest.command.map(shortWord).join(" ")}</pre>`
      : ""
  }
${factList(facts)}</header>`;
};

const meaning: Record<string, string> = {
  complete: "everything was recorded",
  partial: "something is missing: see the findings",
  failed: "nothing could be recorded: see the findings",
  interrupted: "the run was stopped; what it had recorded is here",
  running: "the run goes on; these are the figures so far",
};

function text(value: unknown): string | undefined {
  return value === undefined ? undefined : String(value);
}

function limits(engine: Record<string, unknown>): string {
  return [
    "max_model_len",
    "max_num_seqs",
    "max_num_batched_tokens",
    "num_gpu_blocks",
    "block_size",
    "tensor_parallel_size",
  ]
    .filter((name) => engine[name] !== undefined)
    .map((name) => `${name} ${engine[name]}`)
    .join(", ");
}

/** A word of a command line; an expression may fill pages, and is whole in bundle.json. */
function shortWord(word: string): string {
  return word.length <= LONGEST_WORD
    ? word
    : `${word.slice(0, SHORTENED)}… (${word.length} letters)`;
}
