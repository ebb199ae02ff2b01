/** Sizes of published models, in the keys of their `config.json`. */

/** 0.6B, 0.44B without its embedding. */
export const QWEN3_SMALL = {
  model_type: "qwen3",
  hidden_size: 1024,
  num_hidden_layers: 28,
  num_attention_heads: 16,
  num_key_value_heads: 8,
  head_dim: 128,
  intermediate_size: 3072,
  vocab_size: 151936,
  tie_word_embeddings: true,
  sliding_window: null,
  use_sliding_window: false,
};

/** 30.5B, 3.3B active. */
export const QWEN3_MOE = {
  model_type: "qwen3_moe",
  hidden_size: 2048,
  num_hidden_layers: 48,
  num_attention_heads: 32,
  num_key_value_heads: 4,
  head_dim: 128,
  intermediate_size: 6144,
  vocab_size: 151936,
  tie_word_embeddings: false,
  num_experts: 128,
  num_experts_per_tok: 8,
  moe_intermediate_size: 768,
  decoder_sparse_step: 1,
  mlp_only_layers: [],
  sliding_window: null,
  use_sliding_window: false,
};

/** 8.0B. */
export const LLAMA = {
  model_type: "llama",
  hidden_size: 4096,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  intermediate_size: 14336,
  vocab_size: 128256,
  tie_word_embeddings: false,
};

/** 7.6B: the inner width of its MLP does not show its size, and its projections have biases. */
export const QWEN2 = {
  model_type: "qwen2",
  hidden_size: 3584,
  num_hidden_layers: 28,
  num_attention_heads: 28,
  num_key_value_heads: 4,
  intermediate_size: 18944,
  vocab_size: 152064,
  tie_word_embeddings: false,
  use_sliding_window: false,
  sliding_window: 131072,
};

/** 46.7B, 12.9B active. */
export const MIXTRAL = {
  model_type: "mixtral",
  hidden_size: 4096,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  intermediate_size: 14336,
  vocab_size: 32000,
  num_local_experts: 8,
  num_experts_per_tok: 2,
  sliding_window: null,
};

/** 7.6B, 2.4B active; with a window. */
export const PHI_MOE = {
  model_type: "phimoe",
  hidden_size: 4096,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  head_dim: 128,
  intermediate_size: 960,
  vocab_size: 32064,
  num_local_experts: 16,
  num_experts_per_tok: 2,
  sliding_window: 2047,
};

/** 14.3B, 2.7B active; with a shared expert behind a gate. */
export const QWEN2_MOE = {
  model_type: "qwen2_moe",
  hidden_size: 2048,
  num_hidden_layers: 24,
  num_attention_heads: 16,
  num_key_value_heads: 16,
  intermediate_size: 5632,
  vocab_size: 151936,
  num_experts: 60,
  num_experts_per_tok: 4,
  moe_intermediate_size: 1408,
  shared_expert_intermediate_size: 5632,
  decoder_sparse_step: 1,
};

/** 16.4B, 2.8B active; two shared experts, and its first layer is dense. */
export const DEEPSEEK_MOE = {
  model_type: "deepseek",
  hidden_size: 2048,
  num_hidden_layers: 28,
  num_attention_heads: 16,
  num_key_value_heads: 16,
  intermediate_size: 10944,
  vocab_size: 102400,
  n_routed_experts: 64,
  n_shared_experts: 2,
  num_experts_per_tok: 6,
  moe_intermediate_size: 1408,
  first_k_dense_replace: 1,
  moe_layer_freq: 1,
};
