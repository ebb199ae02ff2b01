/**
 * What the name of a range says of an engine's step.
 *
 * @module
 */

import type { Phase } from "../capture/model.ts";

/** What a step's range tells. */
export interface StepName {
  readonly source: "vllm" | "sglang" | "profiler_step";
  readonly phase?: Exclude<Phase, "other"> | "idle";
  readonly contextRequests?: number;
  readonly contextTokens?: number;
  readonly generationRequests?: number;
  readonly generationTokens?: number;
}

/** vLLM: requests, then tokens in parentheses; with `detailed_trace_annotation` more behind `sq`. */
const VLLM =
  /^execute_(?:\d+_)?context_(\d+)\((?:sq)?(\d+)[a-z0-9]*\)_generation_(\d+)\((?:sq)?(\d+)[a-z0-9]*\)$/;

/** SGLang: the mode of the batch, then figures such as `bs=8 toks=512`. */
const SGLANG = /^step\[([a-z_]+)((?: [a-z_]+=\d+)*)[^\]]*\]$/i;

/** PyTorch's own schedule. */
const PROFILER_STEP = /^ProfilerStep#\d+$/;

/** Reads the name of a range; nothing when it is no step. */
export function readStepName(name: string): StepName | undefined {
  const found = VLLM.exec(name);
  if (found) {
    const [contextRequests, contextTokens, generationRequests, generationTokens] = found.slice(1)
      .map(Number) as [number, number, number, number];
    const phase = contextRequests > 0
      ? generationRequests > 0 ? "mixed" : "prefill"
      : generationRequests > 0
      ? "decode"
      : "idle";
    return {
      source: "vllm",
      phase,
      contextRequests,
      contextTokens,
      generationRequests,
      generationTokens,
    };
  }
  const [, mode, figures] = SGLANG.exec(name) ?? [];
  if (mode !== undefined) return readSglang(mode.toLowerCase(), figures!);
  return PROFILER_STEP.test(name) ? { source: "profiler_step" } : undefined;
}

/** Modes such as target_verify are steps of no phase. */
function readSglang(mode: string, figures: string): StepName {
  const told = Object.fromEntries(
    [...figures.matchAll(/([a-z_]+)=(\d+)/gi)].map(([, key, value]) => [key, Number(value)]),
  ) as Readonly<Record<string, number>>;
  const { bs, toks, ext, dec } = told;
  switch (mode) {
    case "prefill":
      return {
        source: "sglang",
        phase: "prefill",
        ...(bs === undefined ? {} : { contextRequests: bs }),
        ...(toks === undefined ? {} : { contextTokens: toks }),
      };
    case "decode":
      return {
        source: "sglang",
        phase: "decode",
        ...(bs === undefined ? {} : { generationRequests: bs, generationTokens: bs }),
      };
    case "mixed":
      return {
        source: "sglang",
        phase: "mixed",
        ...(ext === undefined ? {} : { contextTokens: ext }),
        ...(dec === undefined ? {} : { generationTokens: dec }),
      };
    case "idle":
      return { source: "sglang", phase: "idle" };
    default:
      return { source: "sglang" };
  }
}
