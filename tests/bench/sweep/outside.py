"""Usage: outside.py MODEL. What a pass of a sweep costs outside the model, in ms of its thread, as JSON.

Runs below the sweep's own extension of vLLM's worker: `vscope_sweep` is whichever the PYTHONPATH has.
"""

import json
import statistics
import sys
import time

from swept_llm import check
from vscope_sweep import extension

CATALOG = {"attention": {"attention": {"vllm": ["Attention"], "together": "mean"}}}
ROUNDS = 3
# A name, and runs of (new tokens, history, count) for each of some shots that follow one another, as in a
# grid.
KINDS = {
    "dense, 16 to 2048 tokens": [[[n, 0, 1]] for n in (16, 256, 1024, 2048)],
    "per_sequence, 1 to 256 sequences": [[[1, 0, n]] for n in (1, 16, 64, 256)],
    "attention, chunk of 64 beside 64 decodes": [
        [[64, 1024, 1], [1, kv, 64]] for kv in (16, 256, 1024, 4096)
    ],
    "attention, 64 decodes at 16384": [[[1, 16384, 64]], [[1, 16383, 64]]],
    "attention, 256 decodes at 4096": [[[1, 4096, 256]], [[1, 4095, 256]]],
    "skew, three shots of 64 decodes": [
        [[1, 800, 64]],
        [[1, 2048, 64]],
        [[1, 2048, 16], [1, 512, 48]],
        [[1, 1600, 64]],
        [[1, 4096, 64]],
        [[1, 4096, 16], [1, 1024, 48]],
    ],
}


class Extension(extension.Extension):
    def vscope_check(self):
        sweep = self._vscope
        model = sweep.runner.get_model()
        inside, began = [0.0], [0.0]

        def before(*_):
            began[0] = time.thread_time()

        def after(*_):
            inside[0] += time.thread_time() - began[0]

        model.register_forward_pre_hook(before)
        model.register_forward_hook(after)
        found = {}
        for name, shots in KINDS.items():
            rounds = []
            for _ in range(ROUNDS + 1):
                inside[0], start = 0.0, time.thread_time()
                sweep.timer.start()
                for runs in shots:
                    sweep._shot({"k": str(runs), "r": runs, "l": ["attention"]}, [])
                sweep.timer.stop()
                whole = time.thread_time() - start
                passes = len(shots) * (1 + sweep.iterations)
                rounds.append([1000 * value / passes for value in (whole, inside[0], whole - inside[0])])
            # The first round warms up what a sweep has long done.
            found[name] = [round(statistics.median(column), 3) for column in zip(*rounds[1:])]
        return json.dumps(found)


def main(model):
    _, found, _ = check(
        "outside.Extension",
        model,
        CATALOG,
        iterations=3,
        max_num_batched_tokens=2048 + 256,
        max_num_seqs=256,
        disable_log_stats=True,
    )
    print("FOUND " + json.dumps(found), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
