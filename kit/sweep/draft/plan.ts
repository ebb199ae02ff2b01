/**
 * The plan of `vscope sweep --draft-architecture`.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";
import type { Invocation, Plan } from "../../contract/recipe.ts";
import { findModel, type ModelSearch } from "../model/find_model.ts";
import type { ModelConfig } from "../model/model_config.ts";
import { firstLayers } from "../model/layer_kinds.ts";
import { tpOverrides } from "../model/tp_emulation.ts";
import type { sweepOptions, SweepValues } from "../options.ts";

/** The longest request that the engine takes. */
const MAX_MODEL_LEN = 512;
/** A few blocks: one prompt is sent. */
const BLOCKS = 64;

/** vLLM's start with one layer, roughly. */
const ENGINE_SECONDS = 120;

/** Finds the model that is to be drafted for; needs no architecture. Errors as `findModel`. */
export async function lookForDraft(
  values: SweepValues,
  search: ModelSearch,
): Promise<{ model: ModelConfig }> {
  if (values.model === undefined) {
    throw new UsageError(
      "Cannot draft an architecture: no model is given; give --model or MODEL, such as Qwen/Qwen3-0.6B",
    );
  }
  return { model: await findModel(search, values.model, values.hfToken) };
}

/** How vLLM is started: one layer and, where the model can be split over two, a rank's share of it. */
export interface DraftEngine {
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Width of Q, K and V together that such a share has; absent where it cannot be said. */
  readonly qkvWidth?: number;
}

/** The engine of a draft. Pure. */
export function draftEngine(model: ModelConfig): DraftEngine {
  const share = shareOf(model);
  return {
    arguments: {
      load_format: "dummy",
      enforce_eager: true,
      skip_tokenizer_init: true,
      enable_prefix_caching: false,
      generation_config: "vllm",
      max_model_len: Math.min(MAX_MODEL_LEN, model.maxModelLen),
      max_num_seqs: 2,
      max_num_batched_tokens: MAX_MODEL_LEN,
      num_gpu_blocks_override: BLOCKS,
      hf_overrides: { ...firstLayers(model, 1), ...share?.overrides },
    },
    ...(share ? { qkvWidth: share.qkvWidth } : {}),
  };
}

function shareOf(model: ModelConfig) {
  let overrides: Readonly<Record<string, number>>;
  try {
    overrides = tpOverrides(model, 2, true);
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
  const { num_attention_heads: heads, num_key_value_heads: kvHeads = heads } = overrides;
  const headDim = overrides["head_dim"] ?? model.config["head_dim"];
  if (heads === undefined || typeof headDim !== "number") return undefined;
  return { overrides, qkvWidth: (heads + 2 * kvHeads!) * headDim };
}

/** The file that a draft is written to, absolute; undefined where it is printed. */
export function draftTarget({ cwd, common: { out } }: Invocation): string | undefined {
  return out === undefined || out.startsWith("/") ? out : `${cwd}/${out}`;
}

/** Makes the plan; `invocation.found` is what {@linkcode lookForDraft} found. Pure. */
export function planDraft(
  values: SweepValues,
  invocation: Invocation,
): Plan<typeof sweepOptions> {
  const { model } = invocation.found as { model: ModelConfig };
  const target = draftTarget(invocation);
  return {
    values,
    invocation,
    // A draft is no bundle.
    out: "",
    processes: [],
    files: target === undefined ? [] : [{ path: target, why: "the draft" }],
    diskBytes: 4096,
    seconds: ENGINE_SECONDS,
    permissions: ["run Python with vLLM, on one GPU or a CPU"],
    warnings: [],
    unknown: ["Which modules the vLLM at hand builds"],
    notes: [
      `The draft is printed, or written to --out, as configs/architecture/${model.modelType}.yaml; a ` +
      "sweep takes it from there",
    ],
    details: {
      json: {
        model: model.id,
        architecture: model.modelType,
        engine: draftEngine(model).arguments,
      },
      text: [`Model: ${model.id} (${model.modelType}, config from ${model.from})`],
    },
  };
}
