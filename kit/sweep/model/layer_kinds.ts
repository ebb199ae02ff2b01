/**
 * The kinds of transformer layers that a model has: with a sliding window and without, with a state space or
 * attention, with experts and without. A sweep measures one layer of each kind.
 *
 * @module
 */

import { readExperts } from "../../analysis/utilization/expert_shape.ts";
import type { ModelConfig } from "./model_config.ts";

/** Layers that are alike. */
export interface LayerKind {
  /** As the config calls it: `sliding_attention`. */
  readonly name: string;
  readonly count: number;
}

/**
 * The kinds in the order of their first layers; one without a name where all layers are alike, or the
 * config does not tell.
 */
export function layerKinds(model: ModelConfig): readonly LayerKind[] {
  const kinds = new Map<string, number>();
  for (const name of layerTypes(model) ?? []) kinds.set(name, (kinds.get(name) ?? 0) + 1);
  return kinds.size > 1
    ? [...kinds].map(([name, count]) => ({ name, count }))
    : [{ name: "", count: 1 }];
}

/** The kind of each layer, first to last; undefined where the config does not tell. */
function layerTypes({ config }: ModelConfig): readonly string[] | undefined {
  const { layer_types: told, num_hidden_layers: layers } = config;
  if (Array.isArray(told) && told.every((name) => typeof name === "string")) return told;
  if (!Number.isSafeInteger(layers)) return undefined;
  // Gemma and Qwen3-Next where configs do not tell it layer by layer: every so many layers one is full.
  for (
    const [pattern, other] of [
      [config["sliding_window_pattern"], "sliding_attention"],
      [config["full_attention_interval"], "linear_attention"],
    ] as const
  ) {
    if (!Number.isSafeInteger(pattern)) continue;
    return Array.from(
      { length: layers as number },
      (_, place) => (place + 1) % (pattern as number) === 0 ? "full_attention" : other,
    );
  }
  return undefined;
}

/** Layers without experts among the first so many of a model that has experts. */
export function denseBlocks({ config }: ModelConfig, blocks: number): number {
  const sparse = readExperts({ ...config }, blocks, "moe_intermediate_size")?.layers;
  return sparse === undefined ? 0 : blocks - sparse;
}

/**
 * What of a config is overridden so that the model has one layer of each kind.
 *
 * @returns `num_hidden_layers`, and where there is more than one which they are.
 */
export function oneOfEach(
  model: ModelConfig,
): Readonly<Record<string, unknown>> & { readonly num_hidden_layers: number } {
  const kinds = layerKinds(model);
  const { first_k_dense_replace: dense, num_hidden_layers: layers } = model.config;
  // DeepSeek's first layers have no experts.
  if (kinds.length === 1 && typeof dense === "number" && dense > 0 && dense < Number(layers)) {
    return { num_hidden_layers: 2, first_k_dense_replace: 1 };
  }
  return {
    num_hidden_layers: kinds.length,
    ...(kinds.length > 1 ? { layer_types: kinds.map(({ name }) => name) } : {}),
  };
}

/**
 * The same for the first so many layers of the whole model.
 *
 * @param one What an engine with one layer of each kind was given, in its own words for them.
 */
export function firstLayers(
  model: ModelConfig,
  count: number,
  one: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  const types = layerTypes(model);
  // The config of all layers stands as it is: vLLM may have names of its own for them.
  if (count === model.config["num_hidden_layers"]) return { num_hidden_layers: count };
  if (!types) return { num_hidden_layers: count };
  const own = Array.isArray(one["layer_types"]) ? one["layer_types"] : [];
  const names = new Map(layerKinds(model).map(({ name }, place) => [name, own[place] ?? name]));
  return {
    num_hidden_layers: count,
    layer_types: types.slice(0, count).map((name) => names.get(name) ?? name),
  };
}
