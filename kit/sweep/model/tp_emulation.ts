/**
 * One GPU in the place of a rank: the config with a rank's share of heads, width and vocabulary.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";
import type { ModelConfig } from "./model_config.ts";

/** vLLM makes the vocabulary a multiple of it before it is split. */
const VOCABULARY_PADDING = 64;
/** Degrees that a message proposes. */
const USUAL_DEGREES = [1, 2, 4, 8, 16];

/** What of a config is overridden so that one GPU has the shapes of one rank. */
export type Overrides = Readonly<Record<string, number>>;

/**
 * The overrides for a TP degree, with vLLM's own rules: heads of queries, the MLP's width and the
 * padded vocabulary are divided, and KV heads are replicated where there are fewer than ranks.
 *
 * @param tpEmulation False: the model's code makes other shapes of fewer heads.
 * @throws {UsageError} where vLLM could not split the model either.
 */
export function tpOverrides(model: ModelConfig, tp: number, tpEmulation: boolean): Overrides {
  const { config } = model;
  if (tp > 1 && !tpEmulation) {
    throw new UsageError(
      `Cannot run sweep: ${model.id} cannot be measured at TP degree ${tp} on one GPU, because ` +
        `vLLM's ${model.modelType} does not get the shapes of a rank by having fewer heads; give ` +
        "--tp-degrees 1",
    );
  }
  const found = overridesOf(model, tp);
  if (typeof found === "string") {
    const works = USUAL_DEGREES.filter((degree) => typeof overridesOf(model, degree) !== "string");
    throw new UsageError(
      `Cannot run sweep: ${model.id} cannot be split over ${tp} GPUs: ${found}; ` +
        `degrees that work: ${works.join(", ")}`,
    );
  }
  const heads = numberOf(config, "num_attention_heads");
  const hidden = numberOf(config, "hidden_size");
  // Without it some models would derive the width of a head from the heads of one rank.
  const headDim = tp > 1 && config["head_dim"] == null && heads !== undefined &&
      hidden !== undefined
    ? { head_dim: hidden / heads }
    : {};
  return { ...found, ...headDim };
}

function overridesOf({ config }: ModelConfig, tp: number): Overrides | string {
  const overrides: Record<string, number> = {};
  for (
    const [field, what] of [
      ["intermediate_size", "intermediate_size of"],
      ["num_attention_heads", "attention heads, which are"],
    ] as const
  ) {
    const value = numberOf(config, field);
    if (value === undefined) continue;
    if (value % tp !== 0) return `its ${what} ${value} cannot be divided by ${tp}`;
    overrides[field] = value / tp;
  }
  const kvHeads = numberOf(config, "num_key_value_heads");
  if (kvHeads !== undefined) {
    if (kvHeads >= tp ? kvHeads % tp !== 0 : tp % kvHeads !== 0) {
      return `its ${kvHeads} KV heads can be neither divided by ${tp} nor replicated to it`;
    }
    overrides["num_key_value_heads"] = Math.max(1, Math.floor(kvHeads / tp));
  }
  const vocabulary = numberOf(config, "vocab_size");
  if (vocabulary !== undefined) {
    const padded = Math.ceil(vocabulary / VOCABULARY_PADDING) * VOCABULARY_PADDING;
    const share = [vocabulary, padded].find((size) => size % tp === 0);
    if (share === undefined) return `its vocabulary of ${padded} cannot be divided by ${tp}`;
    overrides["vocab_size"] = share / tp;
  }
  return overrides;
}

function numberOf(config: ModelConfig["config"], key: string): number | undefined {
  const value = config[key];
  if (value === undefined || value === null) return undefined;
  if (!Number.isSafeInteger(value) || (value as number) < 1) {
    throw new UsageError(
      `Cannot run sweep: ${key} in the model's config is ${JSON.stringify(value)}, ` +
        "which is no positive whole number",
    );
  }
  return value as number;
}
