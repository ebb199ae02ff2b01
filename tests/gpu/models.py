"""Model folders without weights for runs on a GPU: the sizes are what counts."""

import json
import os

COMMON = {
    "hidden_act": "silu",
    "rms_norm_eps": 1e-6,
    "rope_theta": 1000000,
    "torch_dtype": "bfloat16",
    "attention_bias": False,
    "max_position_embeddings": 40960,
    "vocab_size": 151936,
    "bos_token_id": 151643,
    "eos_token_id": 151645,
}
# Sizes of Qwen/Qwen3-0.6B.
DENSE = dict(
    COMMON,
    architectures=["Qwen3ForCausalLM"],
    model_type="qwen3",
    hidden_size=1024,
    num_hidden_layers=28,
    num_attention_heads=16,
    num_key_value_heads=8,
    head_dim=128,
    intermediate_size=3072,
    tie_word_embeddings=True,
)
# Sizes of Qwen/Qwen3-30B-A3B; the layers are fewer where a run only has to be right.
EXPERTS = dict(
    COMMON,
    architectures=["Qwen3MoeForCausalLM"],
    model_type="qwen3_moe",
    hidden_size=2048,
    num_hidden_layers=48,
    num_attention_heads=32,
    num_key_value_heads=4,
    head_dim=128,
    intermediate_size=6144,
    moe_intermediate_size=768,
    num_experts=128,
    num_experts_per_tok=8,
    norm_topk_prob=True,
    decoder_sparse_step=1,
    mlp_only_layers=[],
    tie_word_embeddings=False,
)


def make(folder, config, **changes):
    """Writes a model folder and returns its path."""
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as handle:
        json.dump(dict(config, **changes), handle)
    return folder


def engine(folder, **options):
    """An LLM with noise for weights; prompts are lists of token ids."""
    from vllm import LLM

    if options.get("tensor_parallel_size", 1) > 1:
        # GPUs of a virtual machine may not reach each other's memory in the ways that these take: vLLM's own
        # all-reduce, and FlashInfer's, which is compiled into the model and multicasts over NVLink.
        options = dict(
            disable_custom_all_reduce=True,
            compilation_config={"pass_config": {"fuse_allreduce_rms": False}},
            **options,
        )
    defaults = dict(
        load_format="dummy",
        skip_tokenizer_init=True,
        max_model_len=4096,
        max_num_seqs=128,
        seed=7,
        disable_log_stats=False,
    )
    return LLM(model=folder, **dict(defaults, **options))


def prompts(count, shortest, longest, seed=1):
    """Prompts of random tokens."""
    import random

    rng = random.Random(seed)
    return [
        {
            "prompt_token_ids": [
                rng.randrange(1000, 150000) for _ in range(rng.randint(shortest, longest))
            ]
        }
        for _ in range(count)
    ]


def sampling(tokens):
    from vllm import SamplingParams

    return SamplingParams(max_tokens=tokens, temperature=0, ignore_eos=True, detokenize=False)
