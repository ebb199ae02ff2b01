"""Gives a vLLM without CUDA what of CUDA's profiler the stand-in of nsys has to see.

A CPU build refuses vLLM's `cuda` profiler. It is let through here, and what it would tell the driver goes
to the file of the stand-in: when to begin, when to end, and the names of the steps in between.
"""

import contextlib
import os

PATH = os.environ.get("STAND_IN_CUDA_RANGE")


def tell(word, path=PATH):
    with open(path, "a") as handle:
        handle.write(word + "\n")


def activate():
    if PATH is None:
        return
    import torch.cuda
    import torch.cuda.nvtx
    import torch.cuda.profiler
    import vllm.profiler.wrapper as wrapper

    kinds = wrapper._SUPPORTED_PROFILER_KINDS
    kinds["cpu"] = frozenset(kinds["cpu"] | {"cuda"})

    @contextlib.contextmanager
    def named(name, *args, **kwargs):
        # The stand-in removes its folder when it ends.
        tell(name, os.path.dirname(os.path.dirname(os.path.dirname(PATH))) + "/steps")
        yield

    torch.cuda.profiler.start = lambda: tell("start")
    torch.cuda.profiler.stop = lambda: tell("stop")
    torch.cuda.nvtx.range = named
    torch.cuda.nvtx.range_push = lambda name: 0
    torch.cuda.nvtx.range_pop = lambda: 0
