"""Sizes and limits of the engine, read once when its scheduler has been made."""

from ..quantization_facts import quantization_of
from ..sites import Watcher

NAME = "engine_facts"
TOGGLE = None


def watchers(recorder):
    def after_init(args, kwargs, result, start, end):
        scheduler = args[0]
        config = getattr(scheduler, "vllm_config", None)
        model = getattr(config, "model_config", None)
        cache = getattr(config, "cache_config", None)
        parallel = getattr(config, "parallel_config", None)
        scheduling = getattr(config, "scheduler_config", None)
        compilation = getattr(config, "compilation_config", None)
        recorder.facts(
            model=_text(getattr(model, "model", None)),
            dtype=_text(getattr(model, "dtype", None)),
            quantization=_text(getattr(model, "quantization", None)),
            quantization_config=quantization_of(model),
            max_model_len=getattr(scheduler, "max_model_len", None),
            enforce_eager=getattr(model, "enforce_eager", None),
            num_gpu_blocks=getattr(getattr(scheduler, "kv_cache_config", None), "num_blocks", None),
            block_size=getattr(scheduler, "block_size", None) or getattr(cache, "block_size", None),
            cache_dtype=_text(getattr(cache, "cache_dtype", None)),
            enable_prefix_caching=getattr(cache, "enable_prefix_caching", None),
            gpu_memory_utilization=getattr(cache, "gpu_memory_utilization", None),
            max_num_seqs=getattr(scheduler, "max_num_running_reqs", None),
            max_num_batched_tokens=getattr(scheduler, "max_num_scheduled_tokens", None),
            async_scheduling=getattr(scheduling, "async_scheduling", None),
            tensor_parallel_size=getattr(parallel, "tensor_parallel_size", None),
            pipeline_parallel_size=getattr(parallel, "pipeline_parallel_size", None),
            data_parallel_size=getattr(parallel, "data_parallel_size", None),
            data_parallel_rank=getattr(parallel, "data_parallel_rank", None),
            enable_expert_parallel=getattr(parallel, "enable_expert_parallel", None),
            cudagraph_mode=_text(getattr(compilation, "cudagraph_mode", None)),
            enable_eplb=getattr(parallel, "enable_eplb", None),
            model_config=_sizes(getattr(model, "hf_text_config", None)),
        )

    return [
        Watcher(
            NAME, "vllm.v1.core.sched.scheduler", "Scheduler.__init__", after=after_init
        ),
    ]


# What the cost of a step is computed from; nothing else of the model's config is kept.
SIZES = (
    "model_type",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "intermediate_size",
    "vocab_size",
    "tie_word_embeddings",
    "num_experts",
    "num_local_experts",
    "n_routed_experts",
    "num_experts_per_tok",
    "moe_intermediate_size",
    "n_shared_experts",
    "shared_expert_intermediate_size",
    "decoder_sparse_step",
    "mlp_only_layers",
    "first_k_dense_replace",
    "kv_lora_rank",
    "moe_layer_freq",
    "sliding_window",
    "use_sliding_window",
    "layer_types",
    "encoder_layers",
    "decoder_layers",
)


def _sizes(config):
    found = {name: getattr(config, name, None) for name in SIZES}
    return {name: value for name, value in found.items() if value is not None} or None


def _text(value):
    return None if value is None else str(value)
