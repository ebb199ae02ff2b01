"""Requests to a mixture of experts on two ranks; prints an independent count of the routers' choices.

usage: run_experts.py MODEL EVICTED

The KV cache is so small that prefixes which come round again have been evicted. EVICTED gets a byte for each block that
vLLM itself says it has taken out of the prefix cache.
"""

import json
import os
import sys

from vllm.v1.core.block_pool import BlockPool

# In every process: the engine's is another one, and may have read this script anew.
evicted = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
evict = BlockPool._maybe_evict_cached_block


def counted_evict(pool, block):
    found = evict(pool, block)
    if found:
        os.write(evicted, b".")
    return found


BlockPool._maybe_evict_cached_block = counted_evict

if __name__ == "__main__":
    from vllm import LLM, SamplingParams

    llm = LLM(
        model=sys.argv[1],
        load_format="dummy",
        max_model_len=512,
        enforce_eager=True,
        dtype="bfloat16",
        max_num_seqs=4,
        seed=7,
        num_gpu_blocks_override=9,
        tensor_parallel_size=2,
        worker_extension_cls="counting.Extension",
    )
    sampling = SamplingParams(max_tokens=12, temperature=0, ignore_eos=True)
    answers = []
    for turn in range(2):
        for first in range(3):
            prompts = [
                {"prompt_token_ids": [3 + (first * 31 + n * 7 + i) % 300 for i in range(140)]}
                for n in range(4)
            ]
            answers += llm.generate(prompts, sampling)
    counted = {
        "prompt_tokens": sum(len(answer.prompt_token_ids) for answer in answers),
        "generated_tokens": sum(len(answer.outputs[0].token_ids) for answer in answers),
        "choices": llm.collective_rpc("choices"),
    }
    print("ANSWERS", json.dumps(counted), flush=True)
