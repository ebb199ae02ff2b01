"""Requests built to have the faults that the report's questions ask for.

usage: run_questions.py MODEL LOAD_FORMAT

One request at a time, short ones in an engine that is made for long ones, no two with a common
beginning, without CUDA graphs.
"""

import sys

if __name__ == "__main__":
    from vllm import LLM, SamplingParams

    llm = LLM(
        model=sys.argv[1],
        load_format=sys.argv[2],
        max_model_len=1024,
        enforce_eager=True,
        dtype="bfloat16",
        max_num_seqs=8,
        num_gpu_blocks_override=64,
        seed=7,
    )
    sampling = SamplingParams(max_tokens=40, temperature=0, ignore_eos=True)
    for n in range(8):
        llm.generate({"prompt_token_ids": [3 + n, *(5 + (n * 13 + i) % 300 for i in range(150))]}, sampling)
    print("ANSWERS done", flush=True)
