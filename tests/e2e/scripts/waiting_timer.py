"""A timer of a user's own, whose engines come to a halt at a shot until a file is there: VSCOPE_TEST_GATE."""

import os
import time

from vscope_sweep.batch import BatchMaker
from vscope_sweep.timers.cpu import Timer as CpuTimer

shot_of = BatchMaker.shot


def shot(self, runs):
    while runs == [[9, 0, 1]] and not os.path.exists(os.environ["VSCOPE_TEST_GATE"]):
        time.sleep(0.1)
    return shot_of(self, runs)


class Timer(CpuTimer):
    name = "waiting"
    shots_per_session = 4

    def __init__(self):
        super().__init__()
        BatchMaker.shot = shot
