"""A timer of a user's own, in whose worker three shots go wrong: out of memory, an illegal access, a kill."""

import os
import signal

from vscope_sweep.batch import BatchMaker
from vscope_sweep.timers.cpu import Timer as CpuTimer

shot_of = BatchMaker.shot


def shot(self, runs):
    if runs == [[5, 0, 1]]:
        import torch

        raise torch.OutOfMemoryError("CUDA out of memory (planted)")
    if runs == [[9, 0, 1]]:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")
    if runs == [[13, 0, 1]]:
        os.kill(os.getpid(), signal.SIGKILL)
    return shot_of(self, runs)


class Timer(CpuTimer):
    name = "deadly"
    shots_per_session = 4

    def __init__(self):
        super().__init__()
        BatchMaker.shot = shot
