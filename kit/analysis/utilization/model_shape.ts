/**
 * The sizes of a decoder-only transformer that decide what a forward pass costs.
 *
 * @module
 */

import { type ExpertShape, readExperts } from "./expert_shape.ts";

/** A transformer of which every layer has grouped-query attention and a gated MLP or experts. */
export interface ModelShape {
  hiddenSize: number;
  vocabSize: number;
  layers: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  /** Layers with a dense MLP; the others have experts. */
  denseLayers: number;
  /** Inner width of a dense MLP; 0 where no layer has one. */
  denseIntermediateSize: number;
  /** Whether the head multiplies with the embedding's matrix. */
  tied: boolean;
  /** Absent for a dense model. */
  experts?: ExpertShape;
  /** Tokens that a query sees at most, itself included; absent where it sees all before it. */
  slidingWindow?: number;
}

/** How the configurations of a family are to be read. */
interface Family {
  /** The key of an expert's width; absent for a dense family. */
  expertWidth?: "moe_intermediate_size" | "intermediate_size";
  /** Keys that mean a number of the model class's own choice where they are missing. */
  required?: readonly string[];
  /** Whether windows are off unless `use_sliding_window` says so. */
  windowSwitch?: true;
}

/**
 * Families whose layers are known to be of this shape, by `model_type`. A list of what is known,
 * not of what is not: new architectures (latent attention, state spaces, mixed windows, plain
 * MLPs) would else be taken for something that they are not.
 */
const FAMILIES: Readonly<Record<string, Family>> = {
  llama: {},
  mistral: { required: ["num_key_value_heads", "sliding_window"] },
  qwen2: { windowSwitch: true, required: ["num_key_value_heads"] },
  qwen3: { windowSwitch: true, required: ["num_key_value_heads", "head_dim"] },
  qwen2_moe: {
    windowSwitch: true,
    expertWidth: "moe_intermediate_size",
    required: ["num_key_value_heads", "shared_expert_intermediate_size"],
  },
  qwen3_moe: {
    windowSwitch: true,
    expertWidth: "moe_intermediate_size",
    required: ["num_key_value_heads"],
  },
  mixtral: { expertWidth: "intermediate_size", required: ["num_key_value_heads"] },
  phimoe: { expertWidth: "intermediate_size", required: ["num_key_value_heads"] },
  deepseek: {
    expertWidth: "moe_intermediate_size",
    required: ["n_shared_experts", "first_k_dense_replace"],
  },
};

/**
 * Reads a shape from the text part of a Hugging Face `config.json`.
 *
 * Undefined where the configuration lacks a size, or is of a model that this shape cannot describe.
 */
export function readModelShape(config: Record<string, unknown>): ModelShape | undefined {
  const type = config["model_type"];
  if (typeof type !== "string" || !Object.hasOwn(FAMILIES, type)) return undefined;
  const family = FAMILIES[type]!;
  if (family.required?.some((key) => !(key in config))) return undefined;
  // Latent attention: its keys and values are neither of this size nor of this number.
  if (config["kv_lora_rank"] != null) return undefined;
  const hiddenSize = sizeOf(config["hidden_size"]);
  const vocabSize = sizeOf(config["vocab_size"]);
  const layers = sizeOf(config["num_hidden_layers"]);
  const heads = sizeOf(config["num_attention_heads"]);
  if (!hiddenSize || !vocabSize || !layers || !heads) return undefined;

  const kvHeads = sizeOf(config["num_key_value_heads"] ?? heads);
  const headDim = sizeOf(config["head_dim"] ?? hiddenSize / heads);
  if (!kvHeads || heads % kvHeads !== 0 || !headDim) return undefined;

  const window = windowOf(config, family);
  if (window === "unclear") return undefined;
  const experts = family.expertWidth && readExperts(config, layers, family.expertWidth);
  if (family.expertWidth && !experts) return undefined;
  const denseLayers = layers - (experts?.layers ?? 0);
  const denseIntermediateSize = denseLayers === 0 ? 0 : sizeOf(config["intermediate_size"]);
  if (denseIntermediateSize === undefined) return undefined;
  return {
    hiddenSize,
    vocabSize,
    layers,
    heads,
    kvHeads,
    headDim,
    denseLayers,
    denseIntermediateSize,
    // Where it is missing, it is false to all these families.
    tied: config["tie_word_embeddings"] === true,
    ...(experts && { experts }),
    ...(window && { slidingWindow: window }),
  };
}

/** The one window of all layers, undefined for none, or `unclear`. */
function windowOf(config: Record<string, unknown>, family: Family): number | "unclear" | undefined {
  const kinds = config["layer_types"];
  if (Array.isArray(kinds)) {
    if (kinds.every((kind) => kind === "full_attention")) return undefined;
    if (!kinds.every((kind) => kind === "sliding_attention")) return "unclear";
  } else if (family.windowSwitch) {
    // Which layers have the window, if it is on, releases of the models' code do not agree on.
    return config["use_sliding_window"] === true ? "unclear" : undefined;
  }
  // vLLM takes 0 for "no window".
  const window = config["sliding_window"] ?? 0;
  return window === 0 ? undefined : sizeOf(window) ?? "unclear";
}

/** A positive whole number, or undefined. */
function sizeOf(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && value as number > 0 ? value as number : undefined;
}
