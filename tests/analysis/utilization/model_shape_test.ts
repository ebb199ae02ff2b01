import assert from "node:assert/strict";
import { readModelShape } from "../../../kit/analysis/utilization/model_shape.ts";
import { parameterCount, weightsOf } from "../../../kit/analysis/utilization/weights.ts";
import * as configs from "./configs.ts";

const shapeOf = (config: Record<string, unknown>) => readModelShape(config)!;

Deno.test("a dense configuration is read", () => {
  assert.deepEqual(readModelShape(configs.QWEN3_SMALL), {
    hiddenSize: 1024,
    vocabSize: 151936,
    layers: 28,
    heads: 16,
    kvHeads: 8,
    headDim: 128,
    denseLayers: 28,
    denseIntermediateSize: 3072,
    tied: true,
  });
});

Deno.test("a configuration with experts is read", () => {
  const shape = shapeOf(configs.QWEN3_MOE);
  assert.equal(shape.denseLayers, 0);
  assert.equal(shape.denseIntermediateSize, 0);
  assert.deepEqual(shape.experts, {
    layers: 48,
    count: 128,
    perToken: 8,
    intermediateSize: 768,
    sharedIntermediateSize: 0,
    routerColumns: 128,
  });
});

Deno.test("parameters are the published ones but for the norms", () => {
  // What the checkpoints hold: per layer two norms of hidden and two of headDim, and one at the end.
  const small = 28 * (2 * 1024 + 2 * 128) + 1024;
  assert.equal(parameterCount(shapeOf(configs.QWEN3_SMALL)).total + small, 596_049_920);
  const experts = 48 * (2 * 2048 + 2 * 128) + 2048;
  assert.equal(parameterCount(shapeOf(configs.QWEN3_MOE)).total + experts, 30_532_122_624);
  const llama = 32 * 2 * 4096 + 4096;
  assert.equal(parameterCount(shapeOf(configs.LLAMA)).total + llama, 8_030_261_248);
  const mixtral = 32 * 2 * 4096 + 4096;
  assert.equal(parameterCount(shapeOf(configs.MIXTRAL)).total + mixtral, 46_702_792_704);
});

Deno.test("parameters are those of the model cards, in billions", () => {
  const cards = [
    [configs.QWEN3_SMALL, 0.6, 0.6],
    [configs.QWEN3_MOE, 30.5, 3.35],
    [configs.QWEN2, 7.6, 7.6],
    [configs.MIXTRAL, 46.7, 12.9],
    [configs.PHI_MOE, 7.6, 2.4],
    [configs.QWEN2_MOE, 14.3, 2.7],
    [configs.DEEPSEEK_MOE, 16.4, 2.8],
  ] as const;
  for (const [config, total, active] of cards) {
    const count = parameterCount(shapeOf(config));
    assert.ok(Math.abs(count.total / 1e9 - total) < 0.06, `${config.model_type} ${count.total}`);
    assert.ok(Math.abs(count.active / 1e9 - active) < 0.06, `${config.model_type} ${count.active}`);
  }
  const { projections, dense } = weightsOf(shapeOf(configs.QWEN3_SMALL));
  assert.equal(projections + dense, 440_401_920);
});

Deno.test("the layers with experts are those that vLLM gives experts", () => {
  const layersOf = (changes: Record<string, unknown>) => {
    const shape = shapeOf({ ...configs.QWEN3_MOE, ...changes });
    return [shape.denseLayers, shape.experts!.layers];
  };
  assert.deepEqual(layersOf({ decoder_sparse_step: 2 }), [24, 24]);
  assert.deepEqual(layersOf({ mlp_only_layers: [0, 47] }), [2, 46]);
  // Layers 1, 3, 5 … are sparse; of the two named here only one is.
  assert.deepEqual(layersOf({ decoder_sparse_step: 2, mlp_only_layers: [0, 1] }), [25, 23]);
  const shape = shapeOf(configs.DEEPSEEK_MOE);
  assert.deepEqual([shape.denseLayers, shape.experts!.layers], [1, 27]);
  assert.equal(shape.experts!.sharedIntermediateSize, 2816);
});

Deno.test("a missing head_dim is hidden over heads, and missing kv heads are heads", () => {
  assert.equal(shapeOf(configs.LLAMA).headDim, 128);
  const { num_key_value_heads: _, ...old } = configs.LLAMA;
  assert.equal(shapeOf(old).kvHeads, 32);
});

Deno.test("a window counts where it is on", () => {
  assert.equal(shapeOf(configs.PHI_MOE).slidingWindow, 2047);
  assert.equal(shapeOf(configs.MIXTRAL).slidingWindow, undefined);
  assert.equal(shapeOf(configs.QWEN2).slidingWindow, undefined);
  assert.equal(readModelShape({ ...configs.QWEN2, use_sliding_window: true }), undefined);
  const some = ["full_attention", "sliding_attention"];
  assert.equal(readModelShape({ ...configs.QWEN2, layer_types: some }), undefined);
});

Deno.test("a model that the shape cannot describe has none", () => {
  assert.equal(readModelShape({}), undefined);
  assert.equal(readModelShape({ ...configs.LLAMA, model_type: "mamba" }), undefined);
  assert.equal(readModelShape({ ...configs.LLAMA, model_type: "toString" }), undefined);
  assert.equal(readModelShape({ ...configs.DEEPSEEK_MOE, model_type: "deepseek_v3" }), undefined);
  assert.equal(readModelShape({ ...configs.DEEPSEEK_MOE, kv_lora_rank: 512 }), undefined);
});

Deno.test("a missing or senseless size leaves no shape", () => {
  const defaulted = {
    llama: ["num_key_value_heads", "tie_word_embeddings"],
    // As to vLLM; intermediate_size is that of layers that this model does not have.
    qwen3_moe: [
      "head_dim",
      "intermediate_size",
      "tie_word_embeddings",
      "decoder_sparse_step",
      "mlp_only_layers",
      "sliding_window",
      "use_sliding_window",
    ],
  };
  for (const config of [configs.LLAMA, configs.QWEN3_MOE] as Record<string, unknown>[]) {
    const optional = defaulted[config["model_type"] as keyof typeof defaulted];
    for (const key of Object.keys(config)) {
      const { [key]: _, ...rest } = config;
      assert.equal(readModelShape(rest) !== undefined, optional.includes(key), key);
      if (typeof config[key] !== "number" || key === "intermediate_size") continue;
      for (const wrong of ["8", -1, 0, 1.5, NaN]) {
        assert.equal(readModelShape({ ...config, [key]: wrong }), undefined, `${key} ${wrong}`);
      }
    }
  }
  assert.equal(readModelShape({ ...configs.MIXTRAL, num_experts_per_tok: 9 }), undefined);
  assert.equal(readModelShape({ ...configs.LLAMA, num_key_value_heads: 7 }), undefined);
});
