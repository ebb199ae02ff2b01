/**
 * The engine's steps: when, how long, of which phase.
 *
 * @module
 */

import type { CaptureAnalysis, Iterations, StepRow } from "../../../analysis/capture/model.ts";
import { figure } from "../../format.ts";
import { type Html, html } from "../../html.ts";
import { table, titled } from "../../section.ts";
import { ms, ofAnalysis, span } from "./source.ts";

const TOLD = {
  vllm: "vLLM’s own ranges around each step",
  profiler_step: "the ranges of PyTorch’s profiler schedule",
  sglang: "SGLang’s own ranges around each step",
};

/** The steps. */
export const stepsSection = ofAnalysis((analysis) => {
  const { iterations, steps = [], phases = [] } = analysis;
  if (!iterations) return undefined;
  const names = [...new Set(steps.map(({ phase }) => phase ?? "unknown"))];
  return titled(
    "steps",
    "Steps",
    steps.length > 1 ? picture(steps) : "",
    table(
      "Steps by phase; times on the host, in milliseconds",
      ["phase", "steps#", "prompt tokens#", "generated tokens#", "median#", "max#", "GPU total#"],
      names.map((name) => row(name, steps, phases)),
    ),
    html`
      <p class="note">${told(iterations, steps.length)}</p>
    `,
  );
});

function told({ source, phase_source, count }: Iterations, listed: number): string {
  const inferred = phase_source === "inferred" ? "; their phases are inferred" : "";
  const first = listed < count ? ` The table counts the first ${figure(listed)} of them.` : "";
  return `The steps are told by ${TOLD[source]}${inferred}.${first}`;
}

function row(
  name: string,
  steps: readonly StepRow[],
  phases: CaptureAnalysis["phases"] = [],
): (string | Html)[] {
  const own = steps.filter(({ phase = "unknown" }) => phase === name);
  const lengths = own.map(({ elapsed_ns }) => elapsed_ns).sort((a, b) => a - b);
  const sum = (key: "context_tokens" | "generation_tokens") =>
    own.every((step) => step[key] !== undefined)
      ? figure(own.reduce((total, step) => total + step[key]!, 0))
      : "–";
  return [
    html`<span class="kind"><span class="swatch p-${name}"></span>${name}</span>`,
    figure(own.length),
    sum("context_tokens"),
    sum("generation_tokens"),
    ms(lengths[lengths.length >> 1]),
    ms(lengths.at(-1)),
    ms(phases.find(({ phase }) => phase === name)?.gpu_ns),
  ];
}

/** More bars than this are narrower than a pixel. */
const MOST_BARS = 600;
const WIDTH = 1000;
const HEIGHT = 120;

/** A bar per step, as wide as it lasted and as high as its length against the longest. */
function picture(steps: readonly StepRow[]): Html {
  const shown = steps.slice(0, MOST_BARS);
  const first = shown[0]!.start_ns;
  const last = shown.at(-1)!;
  const total = Math.max(1, last.start_ns + last.elapsed_ns - first);
  const longest = shown.reduce((most, { elapsed_ns }) => Math.max(most, elapsed_ns), 1);
  const bars = shown.map((step) => {
    const height = Math.max(2, HEIGHT * step.elapsed_ns / longest);
    const label =
      `Step ${step.index}, ${step.phase ?? "phase unknown"}: ${span(step.elapsed_ns)}, ` +
      `${step.context_tokens ?? "–"} prompt and ${step.generation_tokens ?? "–"} generated tokens`;
    return html`
      <rect class="p-${step.phase ?? "unknown"}" x="${(WIDTH * (step.start_ns - first) / total)
        .toFixed(2)}" y="${(HEIGHT - height).toFixed(1)}" width="${Math.max(
          0.8,
          WIDTH * step.elapsed_ns / total,
        ).toFixed(2)}"
        height="${height.toFixed(1)}">
        <title>${label}</title>
      </rect>
    `;
  });
  const names = [...new Set(shown.map(({ phase }) => phase ?? "unknown"))];
  return html`
    <figure class="chart">
      <figcaption><strong>Steps over ${span(total)}</strong>
    <ul class="legend">${names.map((name) =>
      html`<li><span class="swatch p-${name}"></span>${name}</li>`
    )}</ul></figcaption>
      <svg class="steps" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img"
        aria-label="Each bar is a step: as wide as it lasted, as high as its length">${bars}</svg>
      <p
        class="caption">Each bar is a step: as wide as it lasted, as high as its length; the highest lasted
    ${span(longest)}. Between bars the host did something else.${steps.length > shown.length
      ? ` The first ${shown.length} of ${steps.length} steps.`
      : ""}</p>
    </figure>
  `;
}
