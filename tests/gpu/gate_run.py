"""A program for `vscope monitor` to record: the same load each time.

usage: gate_run.py FOLDER [dtype=float32] [max_num_seqs=N]
"""

import sys

from models import DENSE, engine, make, prompts, sampling

# Half a minute: a host is slow for seconds, and a run must be long beside that to tell something.
ROUNDS = 120


def main():
    folder = sys.argv[1]
    changes = dict(argument.split("=", 1) for argument in sys.argv[2:])
    if "max_num_seqs" in changes:
        changes["max_num_seqs"] = int(changes["max_num_seqs"])
    llm = engine(
        make("%s/dense" % folder, DENSE),
        gpu_memory_utilization=0.6,
        enable_prefix_caching=False,
        **changes,
    )
    asked = prompts(32, 100, 400, seed=3)
    llm.generate(asked, sampling(4))
    for _ in range(ROUNDS):
        llm.generate(asked, sampling(64), use_tqdm=False)


if __name__ == "__main__":
    main()
