"""Requests of many shapes for one engine: python predict_load.py MODEL [ARGUMENT=VALUE…] of vllm.LLM."""

import json
import random
import sys

from vllm import LLM, SamplingParams

# Requests, shortest and longest prompt, answers: prefill, many decodes, unequal ones.
WAVES = ((4, 500, 1800, 8), (64, 20, 400, 64), (128, 10, 60, 96), (24, 100, 1800, 128))


def main():
    arguments = dict(
        load_format="dummy",
        skip_tokenizer_init=True,
        max_model_len=4096,
        max_num_batched_tokens=2048,
        max_num_seqs=256,
        enable_prefix_caching=False,
        gpu_memory_utilization=0.8,
    )
    for word in sys.argv[2:]:
        name, value = word.split("=", 1)
        arguments[name] = json.loads(value)
    llm = LLM(model=sys.argv[1], **arguments)
    chance = random.Random(7)
    for count, shortest, longest, answers in WAVES * 2:
        prompts = [
            {"prompt_token_ids": [chance.randrange(100, 8000) for _ in range(chance.randint(shortest, longest))]}
            for _ in range(count)
        ]
        sampling = SamplingParams(temperature=0.0, max_tokens=answers, ignore_eos=True, detokenize=False)
        llm.generate(prompts, sampling)


if __name__ == "__main__":
    main()
