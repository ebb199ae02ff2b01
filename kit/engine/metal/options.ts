/**
 * The options of `vscope metal`.
 *
 * @module
 */

import type { Option, Values } from "../../contract/option.ts";
import {
  boolean,
  choice,
  duration,
  integer,
  list,
  number,
  path,
  text,
} from "../../contract/options.ts";

/** Guards whose refusal a person may turn into a warning. */
const WAIVABLE = ["xcode", "disk"] as const;

/** Largest share of memory for which Xcode can replay the trace, by vllm-metal's guide. */
export const SAFE_FRACTION = 0.1;

/** `auto`, or a share above 0 and at most 1, as vllm-metal takes it. */
function memoryShare(doc: string): Option<string> {
  return {
    ...text({ env: "VLLM_METAL_MEMORY_FRACTION", default: String(SAFE_FRACTION), doc }),
    parse(given) {
      const word = given.trim();
      const share = Number(word);
      if (word.toLowerCase() === "auto") return "auto";
      if (!/^[\d.]+(e-?\d+)?$/i.test(word) || !(share > 0 && share <= 1)) {
        throw new RangeError("auto, or a number above 0 and at most 1");
      }
      return word;
    },
    schema: { type: "string", pattern: "^(auto|[0-9.]+)$" },
  };
}

/** Options of the recipe. */
export const metalOptions = {
  model: text({ doc: "Model to serve, or to load with --offline, as Qwen/Qwen3-0.6B" }),
  url: text({ doc: "A server that runs already, as http://127.0.0.1:8000, to be captured from" }),
  offline: boolean({
    default: false,
    doc: "Load the model in a Python script with vLLM's LLM class, without a server",
  }),
  engineArgs: text({
    doc:
      'Further arguments of the LLM class with --offline, a JSON object as {"max_model_len": 2048}',
  }),
  mtlCaptureEnabled: boolean({
    env: "MTL_CAPTURE_ENABLED",
    default: true,
    doc: "Let Metal capture frames; it is set for the process before it starts, and has to be on",
  }),
  memoryFraction: memoryShare(
    "Share of the memory for vllm-metal; above 0.1 Profile in Xcode can lock the machine",
  ),
  maxTokens: integer({
    default: 10,
    min: 1,
    max: 10_000,
    unit: "tokens",
    doc: "Tokens to generate in the captured request: a forward pass each",
  }),
  prompt: text({ default: "Hello", doc: "Prompt of the captured request" }),
  captures: integer({ default: 1, min: 1, max: 100, doc: "Captures to take, one after the other" }),
  warmup: boolean({
    default: true,
    doc:
      "Send the request once without a capture: kernels are compiled then, and it gives the time " +
      "to compare with",
  }),
  traceDir: path({
    leadsTo: "folder",
    doc:
      "Folder for the traces; in the bundle where not given. With --url the one that the server " +
      "was started with",
  }),
  prefix: text({ default: "vscope", doc: "Beginning of the prefix that each capture gets" }),
  port: integer({
    default: 8000,
    min: 1,
    max: 65535,
    doc: "Port of the server that --model starts",
  }),
  python: path({
    env: "VSCOPE_PYTHON",
    leadsTo: "file",
    doc: "The Python that has vLLM and vllm-metal, for --offline, or where it cannot be told",
  }),
  layers: integer({
    min: 1,
    max: 10_000,
    unit: "layers",
    doc: "Layers of the model, for the estimate; read from its config.json where that is at hand",
  }),
  parameters: number({
    min: 0.001,
    max: 10_000,
    unit: "billions",
    doc:
      "Parameters of the model in billions, for the estimate; told from its name where it can be",
  }),
  serverLog: path({
    leadsTo: "file",
    doc: "Log of the server of --url: the reason why a capture did not start stands there",
  }),
  apiKey: text({ env: "VLLM_API_KEY", secret: true, doc: "Key that the server asks for" }),
  onlyWarn: list({
    of: choice({ choices: WAIVABLE, doc: "A guard of those that may be waived" }),
    doc: "Guards that warn instead of refusing",
  }),
  open: boolean({ default: false, doc: "Open the traces in Xcode at the end" }),
  startTimeout: duration({ default: 600, min: 1, doc: "How long the server may take to start" }),
  requestTimeout: duration({
    default: 3600,
    min: 1,
    doc: "How long the captured request, and the stop after it, may take",
  }),
  settle: duration({
    default: 3,
    min: 0.05,
    max: 600,
    doc: "How long a trace has to be without a change to count as whole",
  }),
  settleTimeout: duration({
    default: 300,
    min: 0.1,
    doc: "How long a trace may take to be whole",
  }),
  grace: duration({
    env: "VSCOPE_GRACE",
    default: 20,
    min: 0,
    max: 600,
    doc: "How long vLLM may take to end before it is killed",
  }),
};

/** Values of {@linkcode metalOptions}. */
export type MetalValues = Values<typeof metalOptions>;

/** What a share of memory above the safe one means; undefined for a safe one. */
export function fractionWarning(fraction: string | undefined): string | undefined {
  if (fraction === undefined) {
    return "The server's VLLM_METAL_MEMORY_FRACTION cannot be asked for: unless it was started " +
      `with ${SAFE_FRACTION} or less, do not click Profile in Xcode, which could lock the machine`;
  }
  if (Number(fraction) <= SAFE_FRACTION) return undefined;
  return `VLLM_METAL_MEMORY_FRACTION is ${fraction}: Xcode allocates all of it again when the trace ` +
    `is replayed, so clicking Profile could lock the machine; use ${SAFE_FRACTION}, or look at the ` +
    "panes that need no replay";
}
