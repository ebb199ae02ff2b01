"""Requests to a mixture of experts on two ranks; prints an independent count of the routers' choices.

usage: run_experts.py MODEL

The KV cache is so small that prefixes which come round again have been evicted.
"""

import json
import sys

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
