/**
 * What a sweep needs to know of a model's config.json.
 *
 * @module
 */

import { messageOf, UsageError } from "../../contract/errors.ts";

/** A model, as its config.json tells of it. */
export interface ModelConfig {
  /** `org/name`, or the name of its folder: the model's place below `perf/<hardware>/`. */
  readonly id: string;
  /** Where the config is from: a path, a URL, or `vscope`. */
  readonly from: string;
  readonly modelType: string;
  /** The whole config.json. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The same as it was written: to vLLM 1.0 and 1 are two things, and JSON here knows one. */
  readonly text: string;
  /** Longest request in tokens, as vLLM derives it. */
  readonly maxModelLen: number;
  readonly experts?: { readonly count: number; readonly perToken: number };
  /** As the config names it: `bfloat16`. */
  readonly dtype?: string;
}

/** Keys that limit the length, as vLLM looks for them. */
const LENGTHS = [
  "max_position_embeddings",
  "n_positions",
  "max_seq_len",
  "seq_length",
  "model_max_length",
  "max_sequence_length",
  "max_seq_length",
  "seq_len",
];
/** What vLLM takes where the config has none of them. */
const LENGTH_OTHERWISE = 2048;
/** Ways of scaling whose longer length already stands in the config. */
const SCALED_ALREADY = ["su", "longrope", "llama3", "yarn", "deepseek_yarn", "default"];
const EXPERTS = ["num_local_experts", "num_experts", "n_routed_experts"];
const EXPERTS_PER_TOKEN = ["num_experts_per_tok", "num_experts_per_token", "moe_k"];

/**
 * Reads a config.json.
 *
 * @throws {UsageError} where it is no JSON object or has no `model_type`.
 */
export function readModelConfig(id: string, from: string, text: string): ModelConfig {
  let config: Record<string, unknown>;
  try {
    config = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`Cannot run sweep: ${from} is no JSON (${messageOf(error)})`);
  }
  const modelType = config?.["model_type"];
  if (typeof modelType !== "string" || !/^[\w.-]+$/.test(modelType)) {
    throw new UsageError(
      `Cannot run sweep: ${from} has no model_type; give the config.json of a Hugging Face model`,
    );
  }
  const count = firstNumber(config, EXPERTS);
  const perToken = firstNumber(config, EXPERTS_PER_TOKEN);
  const dtype = config["torch_dtype"] ?? config["dtype"];
  return {
    id,
    from,
    modelType,
    config,
    text,
    maxModelLen: maxModelLen(config),
    ...(count === undefined || count === 0 || perToken === undefined
      ? {}
      : { experts: { count, perToken } }),
    ...(typeof dtype === "string" ? { dtype } : {}),
  };
}

function firstNumber(
  config: Record<string, unknown>,
  keys: readonly string[],
): number | undefined {
  const key = keys.find((name) => typeof config[name] === "number");
  return key === undefined ? undefined : config[key] as number;
}

function maxModelLen(config: Record<string, unknown>): number {
  const lengths = LENGTHS.map((key) => config[key])
    .filter((value) => typeof value === "number");
  const length = lengths.length > 0 ? Math.min(...lengths) : LENGTH_OTHERWISE;
  const rope = (config["rope_scaling"] ?? {}) as Record<string, unknown>;
  const type = rope["rope_type"] ?? rope["type"];
  const factor = rope["factor"];
  const scaled = type !== undefined && !SCALED_ALREADY.includes(String(type));
  return Math.floor(length * (scaled && typeof factor === "number" ? factor : 1));
}
