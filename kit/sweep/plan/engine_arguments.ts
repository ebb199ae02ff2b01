/**
 * How vLLM is started for a sweep: one layer of each kind, dummy weights, no CUDA graphs.
 *
 * @module
 */

import { BLOCK_TOKENS } from "../grids/limits.ts";
import { oneOfEach } from "../model/layer_kinds.ts";
import { tpOverrides } from "../model/tp_emulation.ts";
import type { SweepSettings } from "./settings.ts";

/** Arguments of `vllm.LLM`, without the model's folder. */
export type EngineArguments = Readonly<Record<string, unknown>>;

/**
 * The arguments for a TP degree. A shot does not go through the scheduler and may have a request more
 * for each token of the largest chunk, so that the engine gets `max_num_seqs` tokens of room; a
 * bundle's meta tells the value without it.
 *
 * @throws {UsageError} where the model cannot be split so.
 */
export function engineArguments(settings: SweepSettings, tp: number): EngineArguments {
  const { limits, types, model, architecture } = settings;
  return {
    load_format: "dummy",
    enforce_eager: true,
    skip_tokenizer_init: true,
    enable_prefix_caching: false,
    generation_config: "vllm",
    tensor_parallel_size: 1,
    block_size: BLOCK_TOKENS,
    gpu_memory_utilization: 0.9,
    max_num_batched_tokens: limits.maxNumBatchedTokens + limits.maxNumSeqs,
    max_num_seqs: limits.maxNumSeqs,
    hf_overrides: {
      ...oneOfEach(model),
      ...tpOverrides(model, tp, architecture.tpEmulation),
    },
    ...(types.dtype === undefined ? {} : { dtype: types.dtype }),
    ...(types.quantization === undefined ? {} : { quantization: types.quantization }),
    ...(types.kvCacheDtype === "auto" ? {} : { kv_cache_dtype: types.kvCacheDtype }),
  };
}
