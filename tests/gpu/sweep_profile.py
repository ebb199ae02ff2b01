"""Where the time of a sweep's passes goes, function by function.

usage: sweep_profile.py MODEL [SHOTS]    SHOTS of each kind: 256; PYTHONPATH: unpacked vLLM, hooks, tests/gpu and
tests/e2e/scripts

Fires shots as a sweep does, sessions and journal included, first by the clock and then under Python's own profiler,
which makes calls dearer: the clock says how long a pass takes, the profiler what it consists of.
"""

import cProfile
import io
import json
import os
import pstats
import sys
import time

from swept_llm import check
from vscope_sweep import extension

CATALOG = os.path.join(os.path.dirname(__file__), "..", "..", "configs", "architecture", "qwen3.yaml")
# Runs of (new tokens, history, count) of the shot with a number.
KINDS = {
    "dense": lambda n: [[16 * (1 + n % 128), 0, 1]],
    "per_sequence": lambda n: [[1, 0, 1 + n % 256]],
    "chunk beside decodes": lambda n: [[64, 1024, 1], [1, 16 + 4 * n, 64]],
    "256 decodes": lambda n: [[1, 16 + 4 * n, 256]],
}


class Extension(extension.Extension):
    def vscope_check(self, count):
        sweep = self._vscope
        found, fired, fire = {}, [0], sweep.passes.fire

        def counted(*args):
            fired[0] += 1
            fire(*args)

        sweep.passes.fire = counted
        for name, runs in KINDS.items():
            shots = [{"k": "%s %d" % (name, n), "r": runs(n)} for n in range(count)]
            # Chooses kernels, and proves the timer's clock.
            failed = sweep.fire(shots)
            fired[0], began = 0, time.perf_counter()
            failed += sweep.fire(shots)
            ms = 1000 * (time.perf_counter() - began) / fired[0]
            profile = cProfile.Profile()
            profile.runcall(sweep.fire, shots)
            text = io.StringIO()
            stats = pstats.Stats(profile, stream=text).strip_dirs()
            stats.sort_stats("tottime").print_stats(30)
            stats.sort_stats("cumulative").print_stats(40)
            found[name] = {"pass_ms": ms, "failed": failed, "profile": text.getvalue()}
        return json.dumps(found)


def main(model, count=256):
    import yaml

    with open(CATALOG) as file:
        catalog = yaml.safe_load(file)["catalog"]
    facts, found, _ = check(
        "sweep_profile.Extension",
        model,
        catalog,
        args=(int(count),),
        iterations=3,
        max_num_batched_tokens=2048 + 256,
        max_num_seqs=256,
        hf_overrides={"num_hidden_layers": 1},
        disable_log_stats=True,
    )
    print(json.dumps({name: facts[name] for name in ("timer", "runner", "modules")}))
    for name, kind in found.items():
        print("=== %s: %.2f ms a pass, failed: %s" % (name, kind["pass_ms"], kind["failed"][:2]))
        print(kind["profile"])


if __name__ == "__main__":
    main(*sys.argv[1:])
