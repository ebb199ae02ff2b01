/**
 * Where the time went, in a few sentences: what a person reads if nothing else.
 *
 * @module
 */

import type {
  CaptureAnalysis,
  Category,
  PhaseCategoryRow,
} from "../../../analysis/capture/model.ts";
import { THRESHOLDS as LIMIT } from "../../../analysis/thresholds.ts";
import { figure } from "../../format.ts";
import { type Html, html } from "../../html.ts";
import { type Section, titled } from "../../section.ts";
import { CAUSES } from "../capture/idle.ts";
import { share, span } from "../capture/source.ts";
import type { AutomationSource, Parts } from "./source.ts";

/** Kinds of work that are told apart here; all others are the rest. */
const KINDS: readonly [Category, string][] = [
  ["attention", "attention"],
  ["ffn", "FFN"],
  ["moe", "experts"],
  ["communication", "communication"],
];

const PHASES = ["prefill", "mixed", "decode"] as const;

/** The answer; nothing where no stage left a figure. */
export const answerSection: Section<AutomationSource> = ({ parts }) => {
  const nsys = parts.nsys?.analysis;
  const sentences = [
    ...(nsys ? [split(nsys), kinds(nsys), idle(nsys), graphs(nsys)] : []),
    limits(parts),
    experts(parts),
  ].filter((sentence) => sentence !== undefined);
  if (sentences.length === 0) return undefined;
  return titled(
    "answer",
    "Where the time went",
    html`<ul class="answer">${sentences.map((sentence) => html`<li>${sentence}</li>\n`)}</ul>`,
  );
};

/** Prefill against decode. */
function split({ phases = [] }: CaptureAnalysis): Html | undefined {
  const total = phases.reduce((sum, { gpu_ns = 0 }) => sum + gpu_ns, 0);
  if (total === 0) return undefined;
  const parts = phases.filter(({ gpu_ns = 0 }) => gpu_ns > 0).map(({ phase, gpu_ns, iterations }) =>
    phase === "other"
      ? `${share(gpu_ns! / total)} outside every step`
      : `${share(gpu_ns! / total)} in ${figure(iterations)} ${phase} ${
        iterations === 1 ? "step" : "steps"
      }`
  );
  return html`<strong>Phases.</strong> ${span(total)} of kernels: ${parts.join(", ")}.`;
}

/** Attention, FFN, experts and the rest, in each phase. */
function kinds({ categories_by_phase = [], categories = [] }: CaptureAnalysis): Html | undefined {
  const phases = PHASES.filter((phase) => categories_by_phase.some((row) => row.phase === phase));
  const told = phases.map((phase) =>
    `${phase}: ${parts(categories_by_phase.filter((row) => row.phase === phase))}`
  );
  if (told.length === 0 && categories.length > 0) told.push(parts(categories));
  return told.length === 0 ? undefined : html`<strong>Kinds of work.</strong> ${told.join("; ")}.`;
}

function parts(rows: readonly Pick<PhaseCategoryRow, "category" | "total_ns">[]): string {
  const total = rows.reduce((sum, { total_ns }) => sum + total_ns, 0);
  const of = (name: string) =>
    rows.filter(({ category }) => category === name).reduce((sum, row) => sum + row.total_ns, 0);
  const named = KINDS.map(([category, word]) => [word, of(category)] as const);
  const rest = total - named.reduce((sum, [, ns]) => sum + ns, 0);
  return [...named, ["the rest", rest] as const].filter(([, ns]) => ns > 0)
    .map(([word, ns]) => `${word} ${share(ns / total)}`).join(", ");
}

function idle({ gpu, idle: causes = [] }: CaptureAnalysis): Html | undefined {
  if (!gpu) return undefined;
  const [first] = causes.toSorted((a, b) => b.total_ns - a.total_ns);
  const why = first && gpu.idle_share > 0
    ? `, mostly (${share(first.share)} of it) because ${CAUSES[first.cause]}`
    : "";
  return html`<strong>Idle.</strong> No kernel ran for ${share(gpu.idle_share)} of the time${why}.`;
}

function graphs({ cuda_graphs, graph_executions }: CaptureAnalysis): Html | undefined {
  if (graph_executions && graph_executions.length > 0) {
    return html`<strong>CUDA graphs.</strong> Recorded each as a whole: their kernels are not known.`;
  }
  if (!cuda_graphs) return undefined;
  const { coverage, kernels_in_graphs, kernels_total } = cuda_graphs;
  return html`<strong>CUDA graphs.</strong> ${share(coverage)} of all kernels (${
    figure(kernels_in_graphs)
  } of ${figure(kernels_total)}) were replayed from graphs.`;
}

/** What limits the kernels that took most of the time, by Nsight Compute. */
function limits({ ncu }: Parts): Html | undefined {
  const rows = (ncu?.analysis?.ncu_by_category ?? []).filter(({ share = 0 }) => share >= 0.05);
  if (rows.length === 0) return undefined;
  return html`<strong>Bandwidth.</strong> ${
    rows.slice(0, 4).map(({ category, bound, dram_gbps, dram_pct }) =>
      `${category}: ${
        dram_gbps === undefined
          ? "bandwidth not measured"
          : `${figure(dram_gbps)} GB/s (${figure(dram_pct)} % of the peak)`
      }${bound === undefined ? "" : `, bound by ${bound}`}`
    ).join("; ")
  }.`;
}

function experts({ moe }: Parts): Html | undefined {
  const layers = moe?.analysis.experts?.layers ?? [];
  if (layers.length === 0) return undefined;
  const even = layers.filter(({ stdOverMean }) => stdOverMean < LIMIT.expertDeviation.value).length;
  const idle = layers.filter(({ coveragePct }) => coveragePct < 100).length;
  return html`<strong>Experts.</strong> ${figure(even)} of ${
    figure(layers.length)
  } layers spread their tokens evenly (deviation below ${LIMIT.expertDeviation.value} of the mean); in ${
    figure(idle)
  } some expert was never chosen.`;
}
