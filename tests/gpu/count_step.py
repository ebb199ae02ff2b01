"""One prefill step and one decode step of known composition, for Nsight Compute to count.

usage: count_step.py FOLDER [experts]

Prints a line `STEP {…}` with the composition of each. Run it under
  ncu --profile-from-start off --replay-mode application|kernel --csv --page raw --metrics … python3 …
(count_step.sh does), which sees only the kernels between the marks; compare_step.ts compares.
"""

import json
import os
import sys

# The marks and the model have to be in one process.
os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"

from models import DENSE, EXPERTS, engine, make, prompts, sampling

REQUESTS = 32
PROMPT = 512
LAYERS = 4


def counted(llm, name, step):
    """Runs one step of the engine between the marks, and tells what was in it."""
    import torch

    torch.cuda.synchronize()
    torch.cuda.profiler.start()
    llm.llm_engine.step()
    torch.cuda.synchronize()
    torch.cuda.profiler.stop()
    print("STEP", json.dumps(dict(step, name=name)), flush=True)


def main():
    base = EXPERTS if "experts" in sys.argv else DENSE
    config = dict(base, num_hidden_layers=LAYERS)
    llm = engine(
        make(sys.argv[1] + "/model", config),
        enforce_eager=True,
        # A kernel is run several times, and all memory is put back as it was before each.
        gpu_memory_utilization=0.2,
        kv_cache_memory_bytes=1 << 30,
        max_num_batched_tokens=REQUESTS * PROMPT,
        enable_prefix_caching=False,
        async_scheduling=False,
    )
    print("CONFIG", json.dumps(config), flush=True)
    # Kernels are compiled and chosen here, not between the marks.
    llm.generate(prompts(4, PROMPT, PROMPT), sampling(4))
    for number, prompt in enumerate(prompts(REQUESTS, PROMPT, PROMPT, seed=2)):
        llm.llm_engine.add_request("r%d" % number, prompt, sampling(32))
    counted(
        llm,
        "prefill",
        {
            "contextTokens": REQUESTS * PROMPT,
            "generationTokens": 0,
            "contextRequests": REQUESTS,
            "generationRequests": 0,
            "attentionPairs": REQUESTS * PROMPT * (PROMPT + 1) // 2,
            "kvTokens": REQUESTS * PROMPT,
        },
    )
    for _ in range(3):
        llm.llm_engine.step()
    # Each request has its prompt, four tokens before this one, and this one.
    length = PROMPT + 4
    counted(
        llm,
        "decode",
        {
            "contextTokens": 0,
            "generationTokens": REQUESTS,
            "contextRequests": 0,
            "generationRequests": REQUESTS,
            "attentionPairs": REQUESTS * length,
            "kvTokens": REQUESTS * length,
        },
    )


if __name__ == "__main__":
    main()
