/**
 * The options of `vscope sweep`, with the names and defaults of LLMServingSim's profiler.
 *
 * @module
 */

import type { Values } from "../contract/option.ts";
import {
  boolean,
  choice,
  duration,
  integer,
  list,
  number,
  path,
  text,
} from "../contract/options.ts";
import { CATEGORY_NAMES } from "./grids/categories.ts";

function factor<const D extends { env: string; doc: string }>(declaration: D) {
  return number({ ...declaration, default: 2 });
}

/** The options. */
export const sweepOptions = {
  model: text({
    env: "MODEL",
    doc: "Model to measure: an ID, a folder with a config.json, or a path that ends in .json",
  }),
  hardware: text({
    env: "HARDWARE",
    doc: "Name of the hardware, free to choose: it becomes a folder below perf",
  }),
  tpDegrees: list({
    env: "TP_DEGREES",
    default: [1, 2, 4],
    of: integer({ doc: "A TP degree", min: 1, max: 1024 }),
    doc: "TP degrees, each emulated on one GPU; 1 must be among them",
  }),
  maxNumBatchedTokens: integer({
    env: "MAX_NUM_BATCHED_TOKENS",
    default: 2048,
    min: 1,
    unit: "tokens",
    doc: "Most tokens of a batch; the engine itself gets room for MAX_NUM_SEQS more",
  }),
  maxNumSeqs: integer({
    env: "MAX_NUM_SEQS",
    default: 256,
    min: 1,
    unit: "requests",
    doc: "Most requests of a batch; measure with more than you will run with",
  }),
  attentionMaxKv: integer({
    env: "ATTENTION_MAX_KV",
    default: 16384,
    min: 1,
    unit: "tokens",
    doc: "Longest history in the grids of attention and skew",
  }),
  attentionChunkFactor: factor({
    env: "ATTENTION_CHUNK_FACTOR",
    doc: "Step from one prefill chunk to the next in the attention grid, above 1",
  }),
  attentionKvFactor: factor({
    env: "ATTENTION_KV_FACTOR",
    doc: "Step from one history to the next in the attention grid, above 1",
  }),
  moeFactor: factor({
    env: "MOE_FACTOR",
    doc:
      "Step in tokens and in experts of the moe grid, above 1; it has the powers of two in any case",
  }),
  measurementIterations: integer({
    env: "MEASUREMENT_ITERATIONS",
    default: 3,
    min: 1,
    unit: "forward passes",
    doc: "Timed forward passes of each shot",
  }),
  targetError: number({
    min: 0.001,
    max: 1,
    doc:
      "Time a shot again, up to 8 times as often, until the error of its median is this share of it",
  }),
  budget: duration({
    min: 1,
    doc:
      "Measure a part of the grid, in so long a time of shots: where the tables are expected to be most wrong",
  }),
  gridError: number({
    min: 0.001,
    max: 1,
    doc:
      "The same until what is read between the shots is wrong by no more than this share, on average",
  }),
  skipSkew: boolean({ env: "SKIP_SKEW", default: false, doc: "Leave the skew sweep out" }),
  onlySkew: boolean({ env: "ONLY_SKEW", default: false, doc: "Do the skew sweep alone" }),
  skewNFactor: factor({
    env: "SKEW_N_FACTOR",
    doc: "Step from one number of decodes to the next in the skew grid, above 1",
  }),
  skewPcFactor: factor({
    env: "SKEW_PC_FACTOR",
    doc: "Step from one prefill chunk to the next in the skew grid, above 1",
  }),
  skewKpFactor: factor({
    env: "SKEW_KP_FACTOR",
    doc: "Step from one prefill history to the next in the skew grid, above 1",
  }),
  skewKvsFactor: factor({
    env: "SKEW_KVS_FACTOR",
    doc: "Step from one decode history to the next in the skew grid, above 1",
  }),
  only: list({
    of: choice({ choices: CATEGORY_NAMES, doc: "A category" }),
    doc: "Categories to measure, and no other",
  }),
  force: boolean({
    env: "FORCE",
    default: false,
    doc: "Measure everything again, where rows that are there are kept otherwise",
  }),
  variant: text({
    env: "VARIANT",
    doc: "Folder of the bundle below the model; named after DTYPE and KV_CACHE_DTYPE otherwise",
  }),
  dtype: text({
    env: "DTYPE",
    doc: "Type of the weights: bfloat16, float16, float32 or fp8; the model's own otherwise",
  }),
  kvCacheDtype: text({
    env: "KV_CACHE_DTYPE",
    default: "auto",
    doc: "Type of the KV cache, as vLLM names it: auto, fp8, fp8_e5m2 and others",
  }),
  verbosity: choice({
    env: "VERBOSITY",
    choices: ["--silent", "--verbose"],
    doc: "How much is said: like --quiet, like --verbose, or normally where it is empty",
  }),
  hfToken: text({
    env: "HF_TOKEN",
    secret: true,
    doc: "Opens models on Hugging Face that are not open to all; only a config.json is fetched",
  }),
  python: path({
    env: "VSCOPE_PYTHON",
    leadsTo: "file",
    doc: "The Python that has vLLM; python3 of the PATH otherwise",
  }),
  timeBudget: duration({
    min: 1,
    doc: "How long the sweep may take, starts of the engine included; the same command goes on",
  }),
  resumeFrom: path({
    leadsTo: "folder",
    doc: "A sweep of the same model on the same kind of machine, whose shots are taken over",
  }),
  mix: boolean({
    default: false,
    doc: "Go on with shots of another vLLM, GPU or timer too; the bundle tells that it is mixed",
  }),
  timer: text({
    doc:
      "What measures a module: cpu, kineto, or a Python file with a class Timer; as the device has it",
  }),
  validate: integer({
    default: 0,
    min: 0,
    max: 10_000,
    unit: "batches",
    doc:
      "Batches that are in no grid, to be fired too and compared with their predictions; whole steps too",
  }),
  validateLayers: integer({
    min: 0,
    unit: "layers",
    doc: "Layers of the model whose whole steps --validate compares; all without it, none with 0",
  }),
  list: choice({
    choices: CATEGORY_NAMES,
    doc: "Print the keys of this category as CSV, and start nothing",
  }),
  draftArchitecture: boolean({
    default: false,
    doc: "Draft the architecture of a model that has none, on stdout or in the file of --out",
  }),
  assumeMaxModelLen: integer({
    min: 1,
    unit: "tokens",
    doc: "Longest request to plan with, in the place of what the model's config says",
  }),
  assumeCacheTokens: integer({
    min: 1,
    unit: "tokens",
    doc: "Size of the KV cache to plan with, in the place of a live engine's",
  }),
};

/** Values of {@linkcode sweepOptions}. */
export type SweepValues = Values<typeof sweepOptions>;
