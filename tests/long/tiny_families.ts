/** Tiny models of families whose layers are of several kinds, as config.json has them. */

const SHAPE = {
  hidden_size: 64,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 32,
  intermediate_size: 128,
  max_position_embeddings: 2048,
  rms_norm_eps: 1e-6,
  hidden_act: "silu",
  tie_word_embeddings: true,
  torch_dtype: "bfloat16",
  bos_token_id: 1,
  eos_token_id: 2,
  vocab_size: 576,
};
const MAMBA = {
  mamba_n_heads: 8,
  mamba_n_groups: 1,
  mamba_d_state: 16,
  mamba_d_conv: 4,
  mamba_expand: 2,
  mamba_chunk_size: 32,
};

/** Three layers of four with a state space (Mamba 2), all with experts. */
const GRANITE = {
  ...SHAPE,
  ...MAMBA,
  architectures: ["GraniteMoeHybridForCausalLM"],
  model_type: "granitemoehybrid",
  // The width of a head is made of it, and the CPU's attention takes none below 32.
  hidden_size: 128,
  head_dim: undefined,
  mamba_d_head: 32,
  num_hidden_layers: 4,
  layer_types: ["mamba", "mamba", "attention", "mamba"],
  num_local_experts: 8,
  num_experts_per_tok: 2,
  shared_intermediate_size: 64,
  position_embedding_type: "nope",
  attention_multiplier: 0.25,
  residual_multiplier: 0.22,
  logits_scaling: 6,
  embedding_multiplier: 12,
};

/** Each layer with both. */
const FALCON = {
  ...SHAPE,
  ...MAMBA,
  architectures: ["FalconH1ForCausalLM"],
  model_type: "falcon_h1",
  mamba_d_head: 16,
  mamba_d_ssm: 128,
  num_hidden_layers: 3,
  rope_theta: 10000,
};

/** Three layers of four with a gated delta net. */
const QWEN_NEXT = {
  ...SHAPE,
  architectures: ["Qwen3NextForCausalLM"],
  model_type: "qwen3_next",
  num_hidden_layers: 4,
  full_attention_interval: 4,
  num_experts: 8,
  num_experts_per_tok: 2,
  moe_intermediate_size: 64,
  shared_expert_intermediate_size: 64,
  decoder_sparse_step: 1,
  mlp_only_layers: [],
  norm_topk_prob: true,
  linear_conv_kernel_dim: 4,
  linear_key_head_dim: 128,
  linear_value_head_dim: 128,
  linear_num_key_heads: 2,
  linear_num_value_heads: 4,
  partial_rotary_factor: 0.25,
  rope_theta: 10000,
};

/** Every second layer with a window of 64 tokens. */
const GPT_OSS = {
  ...SHAPE,
  architectures: ["GptOssForCausalLM"],
  model_type: "gpt_oss",
  head_dim: 64,
  num_hidden_layers: 4,
  layer_types: ["sliding_attention", "full_attention", "sliding_attention", "full_attention"],
  sliding_window: 64,
  num_local_experts: 8,
  num_experts_per_tok: 2,
  attention_bias: true,
  swiglu_limit: 7.0,
  rope_theta: 150000,
  rope_scaling: {
    rope_type: "yarn",
    factor: 32.0,
    beta_fast: 32.0,
    beta_slow: 1.0,
    truncate: false,
    original_max_position_embeddings: 64,
  },
};

/** Latent attention; the first layer has no experts. */
const DEEPSEEK = {
  ...SHAPE,
  architectures: ["DeepseekV2ForCausalLM"],
  model_type: "deepseek_v2",
  num_hidden_layers: 4,
  num_key_value_heads: 4,
  head_dim: undefined,
  first_k_dense_replace: 1,
  moe_layer_freq: 1,
  n_routed_experts: 8,
  n_shared_experts: 2,
  num_experts_per_tok: 2,
  moe_intermediate_size: 64,
  kv_lora_rank: 512,
  q_lora_rank: null,
  qk_nope_head_dim: 128,
  qk_rope_head_dim: 64,
  v_head_dim: 128,
  topk_method: "greedy",
  n_group: 1,
  topk_group: 1,
  routed_scaling_factor: 1.0,
  scoring_func: "softmax",
  norm_topk_prob: false,
  rope_theta: 10000,
};

/** By model_type. */
export const FAMILIES = Object.fromEntries(
  [GRANITE, FALCON, QWEN_NEXT, GPT_OSS, DEEPSEEK].map((config) => [config.model_type, config]),
);
