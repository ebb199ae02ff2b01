/**
 * The options of `vscope sweep-all`: those of a sweep, for many of them.
 *
 * @module
 */

import type { Values } from "../../contract/option.ts";
import { integer, list, text } from "../../contract/options.ts";
import { sweepOptions } from "../options.ts";
import { fleetOptions } from "./fleet_options.ts";

const {
  hardware: { doc: hardwareDoc },
  tpDegrees: _tpDegrees,
  model: _model,
  variant,
  list: _list,
  draftArchitecture: _draftArchitecture,
  resumeFrom: _resumeFrom,
  budget: _budget,
  gridError: _gridError,
  timeBudget,
  ...shared
} = sweepOptions;

/** The options. */
export const sweepAllOptions = {
  models: text({
    env: "MODELS",
    doc:
      "Models: a file (YAML, or one a line), - for standard input, or a list with commas; three usual " +
      "ones otherwise",
  }),
  hardware: list({
    env: "HARDWARE",
    of: text({ doc: "A name" }),
    doc: `${hardwareDoc}; on a cluster NAME=ray:RESOURCE, several for several kinds of nodes`,
  }),
  tpDegrees: list({
    env: "TP_DEGREES",
    default: [1, 2],
    of: integer({ doc: "A TP degree", min: 1, max: 1024 }),
    doc: "TP degrees of each model, each emulated on one GPU; 1 must be among them",
  }),
  variants: list({
    env: "VARIANTS",
    of: text({ doc: "A variant" }),
    doc: "Variants to measure of each model, as bf16,bf16-kvfp8,fp8-kvfp8: types of weights and KV",
  }),
  variant,
  ...shared,
  timeBudget: {
    ...timeBudget,
    doc: "How long all sweeps may take together; the same command goes on",
  },
  ...fleetOptions,
};

/** Values of {@linkcode sweepAllOptions}. */
export type SweepAllValues = Values<typeof sweepAllOptions>;

/** The models of LLMServingSim's `profile-all.sh`, where none is named. */
export const USUAL_MODELS = [
  "Qwen/Qwen3-32B",
  "Qwen/Qwen3-30B-A3B-Instruct-2507",
  "meta-llama/Llama-3.1-8B",
];

/** Options that an entry of a list may set for its model. */
export const ENTRY_OPTIONS = [
  "tpDegrees",
  "variants",
  "variant",
  "dtype",
  "kvCacheDtype",
  "maxNumBatchedTokens",
  "maxNumSeqs",
  "attentionMaxKv",
  "attentionChunkFactor",
  "attentionKvFactor",
  "moeFactor",
  "measurementIterations",
  "targetError",
  "skipSkew",
  "onlySkew",
  "skewNFactor",
  "skewPcFactor",
  "skewKpFactor",
  "skewKvsFactor",
  "only",
] as const satisfies readonly (keyof typeof sweepAllOptions)[];
