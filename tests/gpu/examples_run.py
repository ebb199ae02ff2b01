"""A load with everything that a session can show, for the examples in perf.

usage: examples_run.py FOLDER dense|experts

Prompts come round again (prefix hits), the KV cache is small (evictions, preemptions), and batches are of many sizes
(graphs with padding, mixed steps).
"""

import sys

from models import DENSE, EXPERTS, engine, make, prompts, sampling

# Of 16 tokens: a third of what all requests of a round want.
BLOCKS = 1500


def main():
    folder, kind = sys.argv[1:3]
    if kind == "dense":
        model = make(folder + "/dense", DENSE)
    else:
        model = make(folder + "/experts", EXPERTS, num_hidden_layers=8)
    llm = engine(model, gpu_memory_utilization=0.6, max_num_seqs=96, num_gpu_blocks_override=BLOCKS)
    for seed, count, tokens in ((1, 90, 160), (2, 40, 80), (1, 90, 160), (3, 7, 200)):
        llm.generate(prompts(count, 50, 1200, seed=seed), sampling(tokens), use_tqdm=False)


if __name__ == "__main__":
    main()
