/**
 * The options of every recipe that records a session, with the names that the session profilers
 * have always had.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";
import { boolean, choice, duration, integer, list, number, path } from "../../contract/options.ts";
import type { Values } from "../../contract/option.ts";
import type { Toggles } from "../../bundle/session/session_folder.ts";

/** The option that switches each profiler off. */
const TOGGLED_BY = {
  cuda_graph: "cudaGraphTracking",
  kv_cache: "kvCacheTracking",
  moe_expert: "moeExpertTracking",
  forward_pass: "forwardPassTiming",
  cpu_operations: "cpuTiming",
  batch_utilization: "batchUtilizationTracking",
  request_lifecycle: "preemptionTracking",
  encoder_decoder: "encoderDecoderTiming",
} as const;

type ProfilerName = keyof typeof TOGGLED_BY;

/** The same switches in `metadata.json`, and in capitals in the environment. */
const TOGGLES = {
  cudaGraphTracking: "enable_cuda_graph_tracking",
  kvCacheTracking: "enable_kv_cache_tracking",
  moeExpertTracking: "enable_moe_expert_tracking",
  forwardPassTiming: "enable_forward_pass_timing",
  cpuTiming: "enable_cpu_timing",
  batchUtilizationTracking: "enable_batch_utilization_tracking",
  preemptionTracking: "enable_preemption_tracking",
  encoderDecoderTiming: "enable_encoder_decoder_timing",
} as const;

/** The names that `--profilers` chooses from. */
export const PROFILER_NAMES = Object.keys(TOGGLED_BY) as ProfilerName[];

const named = choice({ choices: PROFILER_NAMES, doc: "A profiler" });

/** A profiler of ours. A file of one's own goes to a flag that looks much the same. */
const ourProfiler: typeof named = {
  ...named,
  parse(text) {
    if (!/\.py$|\//.test(text)) return named.parse(text);
    const names = PROFILER_NAMES.join(", ");
    throw new RangeError(`one of ${names}; a file with a profiler of your own goes to --profiler`);
  },
};

/** Options of `monitor` and of the recipes built on it. */
export const sessionOptions = {
  profilingDir: path({
    env: "VLLM_PROFILING_DIR",
    default: "/tmp/vllm_profiling",
    doc: "Folder in which each session gets a folder of its own",
  }),
  enableProfiling: choice({
    env: "VLLM_ENABLE_PROFILING",
    choices: ["auto", "1", "0"],
    default: "auto",
    doc: "Which processes take part: vLLM's own (auto), every Python process (1), none (0)",
  }),
  profilingVerbose: boolean({
    env: "VLLM_PROFILING_VERBOSE",
    default: false,
    doc: "Let the hooks write what they do to vLLM's stderr",
  }),
  profilingLogInterval: integer({
    env: "VLLM_PROFILING_LOG_INTERVAL",
    default: 100,
    min: 1,
    unit: "operations",
    doc:
      "Operations between two samples of a timeline (graphs, experts); totals do not depend on it",
  }),
  useCudaEvents: boolean({
    env: "USE_CUDA_EVENTS",
    default: true,
    doc: "Time forward passes on the GPU with CUDA events; off: with the host's clock",
  }),
  cudaEventBatchSize: integer({
    env: "CUDA_EVENT_BATCH_SIZE",
    default: 100,
    min: 1,
    max: 100000,
    unit: "passes",
    doc: "Passes whose CUDA events are read at one time",
  }),
  cudaGraphTracking: boolean({
    env: "ENABLE_CUDA_GRAPH_TRACKING",
    default: true,
    doc: "Record captures and replays of CUDA graphs",
  }),
  kvCacheTracking: boolean({
    env: "ENABLE_KV_CACHE_TRACKING",
    default: true,
    doc: "Record KV blocks in use, and those that are evicted",
  }),
  moeExpertTracking: boolean({
    env: "ENABLE_MOE_EXPERT_TRACKING",
    default: true,
    doc: "Record which experts the routers choose",
  }),
  forwardPassTiming: boolean({
    env: "ENABLE_FORWARD_PASS_TIMING",
    default: true,
    doc: "Record each forward pass",
  }),
  cpuTiming: boolean({
    env: "ENABLE_CPU_TIMING",
    default: true,
    doc: "Record the operations of a step on the CPU",
  }),
  batchUtilizationTracking: boolean({
    env: "ENABLE_BATCH_UTILIZATION_TRACKING",
    default: true,
    doc: "Record each batch against max_num_seqs and max_num_batched_tokens",
  }),
  preemptionTracking: boolean({
    env: "ENABLE_PREEMPTION_TRACKING",
    default: true,
    doc: "Record the life of each request, preemptions included",
  }),
  encoderDecoderTiming: boolean({
    env: "ENABLE_ENCODER_DECODER_TIMING",
    default: true,
    doc: "Record encoder, decoder and cross-attention time of models that have an encoder",
  }),
  profilers: list({
    env: "VSCOPE_PROFILERS",
    of: ourProfiler,
    doc: "The only profilers to run; without it all that are not switched off one by one",
  }),
  profiler: list({
    env: "VSCOPE_PROFILER",
    of: path({ leadsTo: "file", doc: "A Python file" }),
    doc: "Python files with profilers of your own, which run beside ours (see docs/profilers.md)",
  }),
  maxOverhead: number({
    env: "VSCOPE_MAX_OVERHEAD",
    min: 0,
    max: 100,
    unit: "%",
    doc: "Turn the dearest profiler off while all of them cost more than this share of the time",
  }),
  grace: duration({
    env: "VSCOPE_GRACE",
    default: 20,
    min: 0,
    max: 600,
    doc: "How long vLLM may take to end before it is killed",
  }),
};

/** Values of {@linkcode sessionOptions}. */
export type SessionValues = Values<typeof sessionOptions>;

/** The toggles as `metadata.json` names them. */
export function togglesOf(values: SessionValues): Toggles {
  const toggles: Toggles = {};
  for (const [profiler, option] of Object.entries(TOGGLED_BY)) {
    const wanted = values.profilers?.includes(profiler as ProfilerName) ?? true;
    toggles[TOGGLES[option]] = wanted && values[option];
  }
  return toggles;
}

/** @throws {UsageError} when a profiler is both asked for and switched off. */
export function checkProfilers(values: SessionValues): void {
  const torn = values.profilers?.find((name) => !values[TOGGLED_BY[name]]);
  if (torn === undefined) return;
  throw new UsageError(
    `Cannot record ${torn}: --profilers asks for it, and ` +
      `${TOGGLES[TOGGLED_BY[torn]].toUpperCase()} switches it off; take back one of the two`,
  );
}

/**
 * The environment that tells the hooks what the options say: what differs from the default, or
 * from what the process would inherit. vLLM warns of every `VLLM_` variable that it does not know.
 */
export function sessionEnvironment(
  values: SessionValues,
  inherited: Readonly<Record<string, string>>,
): Record<string, string> {
  const defaults = allVariables(
    Object.fromEntries(
      Object.entries(sessionOptions).map(([name, option]) => [name, option.default]),
    ) as unknown as SessionValues,
  );
  return Object.fromEntries(
    Object.entries(allVariables(values)).filter(([name, value]) =>
      name in inherited ? inherited[name] !== value : defaults[name] !== value
    ),
  );
}

function allVariables(values: SessionValues): Record<string, string> {
  const env: Record<string, string> = {
    VLLM_PROFILING_DIR: values.profilingDir,
    VLLM_PROFILING_VERBOSE: values.profilingVerbose ? "1" : "0",
    VLLM_PROFILING_LOG_INTERVAL: String(values.profilingLogInterval),
    USE_CUDA_EVENTS: values.useCudaEvents ? "1" : "0",
    CUDA_EVENT_BATCH_SIZE: String(values.cudaEventBatchSize),
  };
  if (values.maxOverhead !== undefined) env["VSCOPE_MAX_OVERHEAD"] = String(values.maxOverhead);
  for (const [name, on] of Object.entries(togglesOf(values))) {
    env[name.toUpperCase()] = on ? "1" : "0";
  }
  env["VLLM_ENABLE_PROFILING"] = values.enableProfiling;
  return env;
}

/** Folder within the session that the hooks are loaded from while it runs. */
export const HOOKS_FOLDER = ".hooks";
