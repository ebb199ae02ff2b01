/**
 * The options of `quick` and `full`, which take the same ones.
 *
 * @module
 */

import type { Option, Values } from "../../contract/option.ts";
import { boolean, choice, integer, path, text } from "../../contract/options.ts";
import { ncuOptions } from "../ncu/options.ts";
import { nsysOptions } from "../nsys/options.ts";

const { category, kernels, ncu, skip } = ncuOptions;

const {
  cudaGraphs,
  maxSeconds,
  keepRep,
  passEnv,
  nsys,
  python,
  promptTokens,
  seed,
  prompts,
  startTimeout,
  stopTimeout,
  grace,
  apiKey,
} = nsysOptions;

/** What is recorded. */
const MODES = ["quick", "full", "moe"] as const;

/** One of {@linkcode MODES}. */
export type Mode = typeof MODES[number];

/** The options of a recipe of the automation. */
export function automationOptions(mode: "quick" | "full") {
  return {
    model: text({ doc: "The model: an id of the hub, or a folder with its config.json" }),
    mode: choice({
      choices: MODES,
      default: mode,
      doc:
        "What is recorded: nsys (quick), the experts of a model that has some too (full), or the " +
        "experts alone (moe)",
    }),
    withNcu: boolean({
      default: false,
      doc: "Measure kernels with Nsight Compute as well, which runs vLLM once more, and slowly",
    }),
    moe: boolean({
      doc: "Track the experts; without it full does so if the model's config has experts",
    }),
    report: boolean({ default: true, doc: "Write the pages of all stages and the one of the run" }),
    outputDir: path({ leadsTo: "folder", doc: "The same as --out" }),
    resume: boolean({
      default: false,
      doc:
        "Go on with the run in --out, and start none if there is none; a run that was cut off is " +
        "gone on with in any case",
    }),
    loadFormat: text({
      doc: "The --load-format of vLLM; dummy fills a model without weights with noise",
    }),
    tensorParallelSize: integer({
      min: 1,
      max: 1024,
      unit: "GPUs",
      doc: "The --tensor-parallel-size of vLLM",
    }),
    requests: integer({
      default: 64,
      min: 1,
      max: 100_000,
      unit: "requests",
      doc: "Requests to send in each stage",
    }),
    promptTokens,
    outputTokens: integer({
      default: 64,
      min: 1,
      unit: "tokens",
      doc: "Tokens that each request generates",
    }),
    concurrency: integer({
      default: 32,
      min: 1,
      max: 4096,
      unit: "requests",
      doc: "Requests under way at a time",
    }),
    seed,
    prompts,
    cudaGraphs,
    maxSeconds,
    keepRep,
    passEnv,
    nsys,
    kernels: withNcu(kernels),
    category: withNcu(category),
    skip: withNcu(skip),
    count: integer({
      default: 1,
      min: 1,
      max: 100_000,
      unit: "launches",
      doc: "With --with-ncu: launches of each shape of a kernel to measure",
    }),
    ncu,
    python,
    startTimeout,
    stopTimeout,
    grace,
    apiKey,
  };
}

/** An option of ncu's, as the help of the automation has it. */
function withNcu<T>(option: Option<T>): Option<T> {
  const { doc } = option;
  return { ...option, doc: `With --with-ncu: ${doc[0]!.toLowerCase()}${doc.slice(1)}` };
}

/** Values of {@linkcode automationOptions}. */
export type AutomationValues = Values<ReturnType<typeof automationOptions>>;
