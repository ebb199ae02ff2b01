"""Where a worker is between the start and the end of a forward pass.

Other profilers ask it which pass is under way. Threads that want to talk to CUDA ask it too: stream
capture happens only within a pass (or before the first one), and a CUDA call from another thread
would break it.
"""

import sys
import threading

from .sites import Watcher

V1_RUNNER = "vllm.v1.worker.gpu_model_runner"
V2_RUNNER = "vllm.v1.worker.gpu.model_runner"

# The model runners, and a subclass that does not call what it overrides.
RUNNERS = (
    (V1_RUNNER, "GPUModelRunner"),
    (V2_RUNNER, "GPUModelRunner"),
    ("vllm.v1.worker.mm_encoder_model_runner", "MMEncoderModelRunner"),
)


# So long a pass is waited for: most are shorter, and rows must not wait for the others.
AWAIT_SECONDS = 0.05


class Passes:
    """The passes of one worker."""

    # Together in memory, because after a step of vLLM none of it is in the processor's caches.
    __slots__ = (
        "step",
        "real",
        "graph",
        "speaker",
        "count",
        "ended",
        "graphs_watched",
        "_turn",
        "_ours",
        "_awaited",
        "_seen",
    )

    def __init__(self):
        # Passes of batches that a scheduler made; vLLM's own warm-up and dummies are not counted.
        self.count = 0
        # Those of them that have ended.
        self.ended = 0
        # True from execute_model() to the end of such a pass.
        self.real = False
        # The step of such a pass, and of a warm-up batch; None for a dummy.
        self.step = None
        # (runtime mode, tokens with padding) of the CUDA graph that the pass replays.
        self.graph = None
        # Identity of the wrapper that spoke for all pieces of this pass's graph.
        self.speaker = None
        # Whether anybody watches graphs: without one, `graph` says nothing.
        self.graphs_watched = False
        self._turn = threading.Lock()
        self._ours = False
        # Held while the writer thread waits for the end of a pass.
        self._awaited = None
        self._seen = 0

    def begin(self, step=None):
        """A pass of that Step begins; None is a dummy, and a step without a number a warm-up."""
        if self._turn.acquire(False):
            self._ours = True
        self.graph = self.speaker = None
        self.step = step
        if step is None or step.number is None:
            self.real = False
        else:
            self.real = True
            self.count += 1

    def end(self, *call):
        """The pass has ended, sampling included. call: that of a watcher."""
        self.real = False
        self.ended = self.count
        if self._ours:
            self._ours = False
            self._turn.release()
        if self._awaited is not None:
            awaited, self._awaited = self._awaited, None
            awaited.release()

    def await_end(self):
        """Returns at the end of the next pass, where passes follow each other, at the latest after a while.

        Then the device is at work and vLLM is about to wait for it without the interpreter: what another
        thread does in Python meanwhile keeps nobody waiting.
        """
        seen, self._seen = self._seen, self.count
        if seen == self.count:
            return
        awaited = threading.Lock()
        awaited.acquire()
        self._awaited = awaited
        awaited.acquire(timeout=AWAIT_SECONDS)

    def while_idle(self, call):
        """Calls `call()` unless a pass is under way. A pass that begins meanwhile does not wait."""
        if not self._turn.acquire(blocking=False):
            return
        try:
            call()
        finally:
            self._turn.release()


def passes_of(recorder):
    """The process's passes, shared by the profilers of the worker."""
    if not hasattr(recorder, "passes"):
        recorder.passes = Passes()
    return recorder.passes


def runner_watchers(profiler, method, **watcher):
    """A watcher of that method of each model runner; `watcher` as Watcher takes it."""
    return [
        Watcher(profiler, module, "%s.%s" % (name, method), **watcher) for module, name in RUNNERS
    ]


def rank_of(runner):
    """The worker's global rank, as its parallel_config tells it."""
    return getattr(getattr(runner, "parallel_config", None), "rank", None)


def cuda_ready():
    """torch.cuda, where CUDA is in use and the current stream is not being captured.

    Not is_available(): without a driver it searches for one at every call, a millisecond long.
    """
    cuda = getattr(sys.modules.get("torch"), "cuda", None)
    if cuda is None or not cuda.is_initialized() or cuda.is_current_stream_capturing():
        return None
    return cuda
