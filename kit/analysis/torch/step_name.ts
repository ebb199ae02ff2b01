/**
 * What the name of a range says of an engine's step.
 *
 * @module
 */

import type { Phase } from "../capture/model.ts";

/** What a step's range tells. */
export interface StepName {
  readonly source: "vllm" | "profiler_step";
  readonly phase?: Exclude<Phase, "other"> | "idle";
  readonly contextRequests?: number;
  readonly contextTokens?: number;
  readonly generationRequests?: number;
  readonly generationTokens?: number;
}

/** vLLM: requests, then tokens in parentheses; with `detailed_trace_annotation` more behind `sq`. */
const VLLM =
  /^execute_(?:\d+_)?context_(\d+)\((?:sq)?(\d+)[a-z0-9]*\)_generation_(\d+)\((?:sq)?(\d+)[a-z0-9]*\)$/;

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
  return PROFILER_STEP.test(name) ? { source: "profiler_step" } : undefined;
}
