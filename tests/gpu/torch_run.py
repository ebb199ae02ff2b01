"""A program for `vscope torch` to record: a call that warms up, and one with prefills and decodes.

usage: torch_run.py FOLDER dense|experts graphs|eager [layers=N] [tp=N]
"""

import sys

from models import DENSE, EXPERTS, engine, make, prompts, sampling


def main():
    folder, model, mode = sys.argv[1:4]
    layers = next((int(a[7:]) for a in sys.argv if a.startswith("layers=")), None)
    ranks = next((int(a[3:]) for a in sys.argv if a.startswith("tp=")), 1)
    config = DENSE if model == "dense" else EXPERTS
    changes = {} if layers is None else {"num_hidden_layers": layers}
    llm = engine(
        make("%s/%s" % (folder, model), config, **changes),
        enforce_eager=mode == "eager",
        gpu_memory_utilization=0.6,
        tensor_parallel_size=ranks,
    )
    llm.generate(prompts(8, 20, 60), sampling(4))
    asked = prompts(24, 20, 700, seed=3) + prompts(8, 1500, 3000, seed=2)
    answers = llm.generate(asked, sampling(32))
    print("generated", sum(len(a.outputs[0].token_ids) for a in answers), flush=True)


if __name__ == "__main__":
    main()
