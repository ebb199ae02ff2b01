/**
 * The options of `ncu`.
 *
 * @module
 */

import type { Values } from "../../contract/option.ts";
import {
  boolean,
  bytes,
  choice,
  duration,
  integer,
  list,
  path,
  text,
} from "../../contract/options.ts";
import { CATEGORIES } from "../../analysis/capture/model.ts";
import { loadOptions } from "../load/options.ts";
import { vllmOptions } from "../server/vllm_options.ts";

const { python, apiKey } = vllmOptions;

/** Options of `ncu`. */
export const ncuOptions = {
  kernels: text({
    doc: "Measure kernels whose demangled name a regular expression matches, in part or whole",
  }),
  category: list({
    of: choice({ choices: CATEGORIES, doc: "A kind of work" }),
    doc: "Measure kernels of these kinds of work, by the same rules as everywhere in vscope",
  }),
  skip: integer({
    default: 0,
    min: 0,
    unit: "launches",
    doc: "Launches of chosen kernels to let pass first",
  }),
  count: integer({
    default: 60,
    min: 1,
    max: 1_000_000,
    unit: "launches",
    doc: "Launches to measure at most",
  }),
  filterMode: choice({
    choices: ["global", "per-gpu", "per-launch-config"],
    default: "global",
    doc: "What --skip and --count count: all launches, those of each GPU, or those of each grid, " +
      "block and shared memory, which has all shapes with few launches",
  }),
  set: text({ doc: "Measure a set of ncu's (basic, detailed, full, …) instead of --sections" }),
  sections: list({
    of: text({ doc: "Name of a section of ncu's" }),
    doc: "Sections to measure; without it those that the report is made of",
  }),
  metrics: list({
    of: text({ doc: "Name of a metric" }),
    doc: "Metrics to measure as well, by ncu's names",
  }),
  cudaGraphs: boolean({
    // nsys has an option of this name with other values.
    env: "VSCOPE_NCU_CUDA_GRAPHS",
    default: false,
    doc: "Let vLLM use CUDA graphs; off: it runs eager, so that kernels are launched one by one",
  }),
  graphProfiling: choice({
    choices: ["node", "graph"],
    default: "node",
    doc: "With --cuda-graphs: measure each kernel of a graph, or each graph as a whole",
  }),
  kvCacheMemory: bytes({
    default: 2 ** 30,
    min: 0,
    doc: "Size of vLLM's KV cache while it is measured: ncu saves and restores what a kernel may " +
      "write, and with a cache of 40 GB each launch took seconds; 0: as the command has it",
  }),
  cacheControl: choice({
    choices: ["all", "none"],
    default: "all",
    doc:
      "Flush the GPU's caches before each launch, so that figures are the same each time; none: " +
      "leave in them what the replays left",
  }),
  clockControl: choice({
    choices: ["none", "base"],
    default: "none",
    doc:
      "Leave the GPU's clocks as they are in service, which needs no permission, or lock them to " +
      "their base, which makes runs comparable",
  }),
  captureRange: choice({
    choices: ["auto", "cudaProfilerApi", "none"],
    default: "auto",
    doc: "What begins and ends measuring: vLLM's cuda profiler around the load (a script: around " +
      "one call of LLM.generate), or the whole run of a program; auto: the profiler, where it can " +
      "be used",
  }),
  delayIterations: integer({
    default: 0,
    min: 0,
    unit: "steps",
    doc: "With the profiler: engine steps to let pass first; one or more lets prefills pass",
  }),
  maxIterations: integer({
    default: 0,
    min: 0,
    unit: "steps",
    doc: "With the profiler: engine steps to measure in; 0: no bound in steps",
  }),
  maxSeconds: duration({
    default: 600,
    min: 0.1,
    max: 86_400,
    doc: "How long to measure at most",
  }),
  recordCall: integer({
    default: 1,
    min: 1,
    unit: "calls",
    doc: "Offline: in which call of LLM.generate (chat, embed, …) to measure, 1 is the first",
  }),
  keepRep: boolean({
    default: false,
    doc: "Keep the .ncu-rep for the GUI also where environments of processes were found in it",
  }),
  passEnv: list({
    of: text({ doc: "Name of a variable" }),
    doc: "Variables that the command gets besides those that vLLM, Python and CUDA read; ncu may " +
      "store them",
  }),
  ncu: path({
    leadsTo: "file",
    doc: "The ncu to use; without it that on PATH, or the newest below /opt/nvidia and /usr/local",
  }),
  python,
  ...loadOptions,
  requests: integer({
    default: 4,
    min: 1,
    max: 100_000,
    unit: "requests",
    doc: "Requests to send; few, because each measured launch is run many times",
  }),
  promptTokens: integer({ default: 256, min: 1, unit: "tokens", doc: "Length of each prompt" }),
  outputTokens: integer({
    default: 8,
    min: 1,
    unit: "tokens",
    doc: "Tokens that each request generates",
  }),
  startTimeout: duration({ default: 1200, min: 10, doc: "How long vLLM may take to start" }),
  stopTimeout: duration({
    default: 300,
    min: 1,
    doc:
      "How long vLLM and ncu may take to end with the report written, and as long again to print it",
  }),
  grace: duration({
    env: "VSCOPE_GRACE",
    default: 20,
    min: 0,
    max: 600,
    doc: "How long vLLM and ncu may take to end after Ctrl-C before they are killed",
  }),
  apiKey,
};

/** Values of {@linkcode ncuOptions}. */
export type NcuValues = Values<typeof ncuOptions>;
