/**
 * What is asked of the profiler, in the words of the vLLM that is there.
 *
 * @module
 */

import type { ProfilerFacts } from "./profiler_facts.ts";

/** What is asked of the profiler. */
export interface ProfilerWish {
  /** Folder of the traces, absolute. */
  dir: string;
  /** Engine steps to let pass before recording begins. */
  delayIterations: number;
  /** Engine steps to record; 0 for no bound. */
  maxIterations: number;
  withStack: boolean;
  recordShapes: boolean;
  withMemory: boolean;
  withFlops: boolean;
  /** Whether the API server's own process is traced too. */
  frontend: boolean;
  /** How long writing the traces may take, in seconds. */
  flushSec: number;
}

/** The same in vLLM's words. */
export interface ProfilerSetup {
  /** Fields of ProfilerConfig; undefined where this vLLM is configured by variables. */
  config: Readonly<Record<string, unknown>> | undefined;
  env: Readonly<Record<string, string>>;
  /** What this vLLM cannot be told, a sentence each. */
  missing: readonly string[];
}

/** vLLM's count of steps: with D it begins with the D-th step, and so lets D - 1 pass. */
export function delayOf(iterations: number): number {
  return iterations === 0 ? 0 : iterations + 1;
}

/** How long a step of the model may take before current vLLM gives its worker up, in seconds. */
const STEP_LIMIT_SEC = 300;

/** @param facts Without them vLLM is taken to be a current one. */
export function configureProfiler(wish: ProfilerWish, facts?: ProfilerFacts): ProfilerSetup {
  const limits = timeLimits(wish, facts);
  if (facts && facts.fields === undefined) {
    return { config: undefined, env: { ...olderVariables(wish), ...limits }, missing: [] };
  }
  const config: Record<string, unknown> = {};
  const missing: string[] = [];
  for (const [field, value, lost] of fieldsOf(wish)) {
    if (!facts?.fields || facts.fields.includes(field)) config[field] = value;
    else if (lost) missing.push(`This vLLM's ProfilerConfig has no ${field}: ${lost}`);
  }
  return { config, env: limits, missing };
}

/** Field, value, and what is lost where the field is missing. */
function fieldsOf(wish: ProfilerWish): [string, unknown, string?][] {
  const lost = (asked: boolean, what: string) => asked ? [what] as const : [] as const;
  return [
    ["profiler", "torch"],
    ["torch_profiler_dir", wish.dir],
    ["torch_profiler_with_stack", wish.withStack, ...lost(wish.withStack, "no stacks")],
    ["torch_profiler_record_shapes", wish.recordShapes, ...lost(wish.recordShapes, "no shapes")],
    ["torch_profiler_with_memory", wish.withMemory, ...lost(wish.withMemory, "no allocations")],
    ["torch_profiler_with_flops", wish.withFlops, ...lost(wish.withFlops, "no FLOPs")],
    ["torch_profiler_use_gzip", true],
    // vLLM's own table costs most of the time of a stop, and ours are made from the trace.
    ["torch_profiler_dump_cuda_time_total", false],
    ["ignore_frontend", !wish.frontend],
    [
      "delay_iterations",
      delayOf(wish.delayIterations),
      ...lost(wish.delayIterations > 0, "recording begins at once"),
    ],
    [
      "max_iterations",
      wish.maxIterations,
      ...lost(wish.maxIterations > 0, "the window is bounded in seconds and bytes alone"),
    ],
  ];
}

/** The variables of releases without ProfilerConfig. */
function olderVariables(wish: ProfilerWish): Record<string, string> {
  const flag = (on: boolean) => on ? "1" : "0";
  return {
    VLLM_TORCH_PROFILER_DIR: wish.dir,
    VLLM_TORCH_PROFILER_WITH_STACK: flag(wish.withStack),
    VLLM_TORCH_PROFILER_RECORD_SHAPES: flag(wish.recordShapes),
    VLLM_TORCH_PROFILER_WITH_PROFILE_MEMORY: flag(wish.withMemory),
    VLLM_TORCH_PROFILER_WITH_FLOPS: flag(wish.withFlops),
    VLLM_TORCH_PROFILER_USE_GZIP: "1",
    VLLM_TORCH_PROFILER_DUMP_CUDA_TIME_TOTAL: "0",
    VLLM_TORCH_PROFILER_DISABLE_ASYNC_LLM: flag(!wish.frontend),
    VLLM_PROFILER_DELAY_ITERS: String(delayOf(wish.delayIterations)),
    VLLM_PROFILER_MAX_ITERS: String(wish.maxIterations),
  };
}

/**
 * A stop in the middle of the load is part of a step, and a step has a time limit: writing the
 * traces must fit into it.
 */
function timeLimits(wish: ProfilerWish, facts?: ProfilerFacts): Record<string, string> {
  const reads = (name: string) => !facts || facts.variables.includes(name);
  const env: Record<string, string> = {};
  if (facts?.variables.includes("VLLM_RPC_TIMEOUT")) {
    env["VLLM_RPC_TIMEOUT"] = String(Math.round(1000 * wish.flushSec));
  }
  if (wish.flushSec > STEP_LIMIT_SEC && reads("VLLM_EXECUTE_MODEL_TIMEOUT_SECONDS")) {
    env["VLLM_EXECUTE_MODEL_TIMEOUT_SECONDS"] = String(Math.ceil(wish.flushSec));
  }
  return env;
}

/** One line that says what became of the variables of vLLM's older documentation. */
export function translationLine(
  set: { dir: boolean; rpcTimeout: boolean },
  setup: ProfilerSetup,
  version: string | undefined,
): string | undefined {
  if (!set.dir && !set.rpcTimeout) return undefined;
  const vllm = version === undefined ? "current vLLM" : `vLLM ${version}`;
  const parts: string[] = [];
  if (set.dir) {
    parts.push(
      setup.config
        ? `VLLM_TORCH_PROFILER_DIR, which ${vllm} ignores, is given to it as ` +
          `--profiler-config.torch_profiler_dir=${setup.config["torch_profiler_dir"]}`
        : `VLLM_TORCH_PROFILER_DIR is understood by ${vllm} as it is`,
    );
  }
  if (set.rpcTimeout) {
    const limit = setup.env["VLLM_EXECUTE_MODEL_TIMEOUT_SECONDS"];
    parts.push(
      "VLLM_RPC_TIMEOUT " +
        (setup.env["VLLM_RPC_TIMEOUT"] === undefined ? `, which ${vllm} ignores, ` : "") +
        "bounds how long vscope waits for the traces" +
        (limit === undefined ? "" : `, and is VLLM_EXECUTE_MODEL_TIMEOUT_SECONDS=${limit} to vLLM`),
    );
  }
  return parts.join("; ").replaceAll(" ,", ",");
}
