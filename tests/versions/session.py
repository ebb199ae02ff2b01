"""Requests to each model of argv[1:], one engine after the other; the answers as JSON lines.

With --compiled vLLM compiles the models, else they run eagerly.

The KV cache is so small that requests are preempted and cached prefixes are given up; in float32,
because the batches of two runs differ, and an answer may not hang on the rounding of a batch.
"""

import json
import sys

if __name__ == "__main__":
    from vllm import LLM, SamplingParams

    models = [argument for argument in sys.argv[1:] if argument != "--compiled"]
    for model in models:
        llm = LLM(
            model=model,
            load_format="dummy",
            max_model_len=512,
            enforce_eager="--compiled" not in sys.argv,
            dtype="float32",
            max_num_seqs=4,
            seed=7,
            num_gpu_blocks_override=9,
        )
        sampling = SamplingParams(max_tokens=130, temperature=0, ignore_eos=True)
        answers = []
        for first in (0, 7, 0):
            prompts = [
                {"prompt_token_ids": [3 + (first * 31 + n * 7 + i) % 300 for i in range(140)]}
                for n in range(5)
            ]
            answers += llm.generate(prompts, sampling, use_tqdm=False)
        told = {
            "answers": [list(answer.outputs[0].token_ids) for answer in answers],
            "prompt_tokens": sum(len(answer.prompt_token_ids) for answer in answers),
            "generated_tokens": sum(len(answer.outputs[0].token_ids) for answer in answers),
        }
        # Line by line: vLLM's own processes write here too.
        print("\nANSWERS " + json.dumps(told), flush=True)
        del llm
