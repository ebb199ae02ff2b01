"""Times what a stream does, without ever waiting for it."""

import collections
import sys
import threading

from ..passes import cuda_ready, passes_of
from ..session import whole
from .cuda_events import events_of


def make_timer(recorder, wanted):
    """A timer that uses CUDA events once CUDA is in use, and the host's clock otherwise."""
    timer = EventTimer(passes_of(recorder)) if wanted else HostTimer()
    recorder.ticks.append(timer.collect_when_idle)
    return timer


class HostTimer:
    """The host's clock: on a GPU it sees launching, not computing."""

    # Passes whose marks are to be read, and from how many on that is worth a call.
    waiting, batch = (), 1

    def mark(self, after=None):
        """A moment in the work of the current stream; None where there is only the host's clock.

        after: an earlier mark of the same pass. Its stream is taken, and nothing is asked anew.
        """
        return None

    def when_known(self, marks, host_ms, call, *what):
        """Calls call(milliseconds, how, *what) with the time between each mark and the next.

        host_ms: what the host's clock says of the same intervals; how: `cuda_event` or `host`.
        """
        call(host_ms, "host", *what)

    def collect_when_idle(self):
        pass

    def collect_while_computing(self):
        """Reads what has completed: to be called when the work of a pass has been launched.

        The host has time then, until the GPU is done; between two passes the GPU waits for the host. Reading one
        by one would look at each event twice as often as it takes: nothing is read before `batch` are waiting.
        """
        if len(self.waiting) >= self.batch:
            self.collect()

    def collect(self):
        """Reads what has completed."""


class EventTimer(HostTimer):
    """CUDA events from a pool; intervals are read once their last event has completed.

    Nothing is recorded or asked during stream capture: both would break the capture. The engine's
    thread reads what has completed after each pass, at most CUDA_EVENT_BATCH_SIZE of them; the
    writer thread reads the rest when no pass is under way.
    """

    def __init__(self, passes):
        self._passes = passes
        self.batch = whole("CUDA_EVENT_BATCH_SIZE", 100, 1)
        self._newest = min(4, self.batch // 8)
        # Made with the first mark, when CUDA is in use.
        self._events = self._capturing = None
        self._pool = []
        self.waiting = collections.deque()
        self._reading = threading.Lock()

    def mark(self, after=None):
        # From the first mark on another function is in the place of this one.
        return self.mark(after) if self._open() else None

    def _open(self):
        """Makes the events; False where CUDA is not in use yet. From then on it is."""
        cuda = cuda_ready()
        if cuda is None:
            return False
        self._events = events = events_of(cuda)
        # torch.cuda's own does nothing but call this.
        torch = getattr(sys.modules.get("torch"), "_C", None)
        direct = getattr(torch, "_cuda_isCurrentStreamCapturing", None)
        self._capturing = capturing = direct or cuda.is_current_stream_capturing
        pool, record, make = self._pool, events.record, events.make
        stream_of, device, handle_of = events.stream_of, events.device, events.handle
        stream = stream_of(device)
        handle = handle_of(stream)

        def mark(after=None):
            nonlocal stream, handle
            if after is None:
                if capturing():
                    return None
                now = stream_of(device)
                if now != stream:
                    stream, handle = now, handle_of(now)
            event = pool.pop() if pool else make()
            status = record(event, handle)
            if status:
                events.refused(status)
            return event

        self.mark = mark
        return True

    def when_known(self, marks, host_ms, call, *what):
        # Marks of one interval or of several that meet: who has the first and the last has all.
        if marks[0] is None or marks[-1] is None:
            self._pool += [mark for mark in marks if mark is not None]
            call(host_ms, "host", *what)
            return
        self.waiting.append((marks, call, what))

    def collect(self):
        if not self._reading.acquire(blocking=False):
            return
        try:
            if self._capturing():
                return
            done_by_now, milliseconds = self._events.done, self._events.milliseconds
            waiting, pool = self.waiting, self._pool
            count = min(2 * self.batch, len(waiting))
            # A stream does its work in order: where one has completed, so have those before it. The
            # newest are still on their way.
            done = max(0, count - self._newest)
            if done and not done_by_now(waiting[done - 1][0][-1]):
                done = 0
            for number in range(count):
                marks, call, what = waiting[0]
                if number >= done and not done_by_now(marks[-1]):
                    return
                waiting.popleft()
                call(milliseconds(marks), "cuda_event", *what)
                pool += marks
        finally:
            self._reading.release()

    def collect_when_idle(self):
        if self.waiting:
            self._passes.while_idle(self.collect)
