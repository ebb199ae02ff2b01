"""Times what a stream does, without ever waiting for it."""

import collections
import sys
import threading

from ..session import whole


def make_timer(recorder, wanted):
    """A timer that uses CUDA events once CUDA is in use, and the host's clock otherwise."""
    timer = EventTimer() if wanted else HostTimer()
    recorder.ticks.append(timer.collect_when_idle)
    return timer


class HostTimer:
    """The host's clock."""

    def start(self):
        pass

    def stop(self, start, end):
        return 1e3 * (end - start)

    def when_known(self, handle, call):
        call(handle, "host")

    def collect_when_idle(self):
        pass


class EventTimer(HostTimer):
    """CUDA events from a pool; a pair is read once its second event has completed.

    Nothing is recorded or asked during stream capture: both would break the capture. The engine's
    thread reads what has completed after each pass, at most CUDA_EVENT_BATCH_SIZE pairs; the
    writer thread reads the rest when no pass is under way.
    """

    def __init__(self):
        self._batch = whole("CUDA_EVENT_BATCH_SIZE", 100, 1)
        self._pool = []
        self._begun = None
        self._waiting = collections.deque()
        self._engine_at_work = threading.Lock()

    def start(self):
        self._engine_at_work.acquire(blocking=False)
        self._begun = self._record()

    def stop(self, start, end):
        begun, self._begun = self._begun, None
        ended = self._record() if begun is not None else None
        return (begun, ended, 1e3 * (end - start))

    def when_known(self, handle, call):
        begun, ended, host_ms = handle
        if ended is None:
            call(host_ms, "host")
        else:
            self._waiting.append((begun, ended, call))
            self._collect()
        self._release()

    def _release(self):
        try:
            self._engine_at_work.release()
        except RuntimeError:
            pass

    def _cuda(self):
        torch = sys.modules.get("torch")
        cuda = getattr(torch, "cuda", None)
        # Not is_available(): without a driver it searches for one at every call, a millisecond long.
        if cuda is None or not cuda.is_initialized():
            return None
        return None if cuda.is_current_stream_capturing() else cuda

    def _record(self):
        cuda = self._cuda()
        if cuda is None:
            return None
        event = self._pool.pop() if self._pool else cuda.Event(enable_timing=True)
        event.record()
        return event

    def _collect(self):
        if self._cuda() is None:
            return
        for _ in range(min(self._batch, len(self._waiting))):
            begun, ended, call = self._waiting[0]
            if not ended.query():
                return
            self._waiting.popleft()
            call(begun.elapsed_time(ended), "cuda_event")
            self._pool += (begun, ended)

    def collect_when_idle(self):
        if not self._waiting or not self._engine_at_work.acquire(blocking=False):
            return
        try:
            self._collect()
        finally:
            self._release()
