"""Time on a GPU: the kernels that a module has launched, as CUPTI or ROCm's tracer saw them.

One session of Kineto holds many shots. A kernel belongs to the module in whose call its launch began,
whenever it ran itself. The hooks read the clock when a call begins and ends, and Kineto tells of launches
by the same clock. In the first sessions the calls are recorded as named ranges too, which costs more:
only where both ways come to the same times does the rest go without them. The operators to which the
profiler links kernels are of no use: of those of attention it tells none.
"""

import re
import time

from .attribution import by_times

PREFIX = "vscope-sweep|"
# Launches are calls of the runtime or of the driver; operators have other names.
LAUNCH = re.compile(r"(cuda|hip|cu)[A-Z]")
# Sessions that are recorded both ways before the dearer one is left out, and the shots of each: with named ranges
# come all of torch's operators, and reading them takes longer than the shots.
PROVED = 2
SHOTS_OF_PROOF = 8


class Timer:
    name = "kineto"
    shots_per_session = 64

    def __init__(self):
        self._profile = None
        self._calls = []
        self._agreed = 0
        # What attributes kernels in the session that is open: `clock` or `ranges`.
        self.attribution = "ranges"

    @property
    def shots_now(self):
        return self.shots_per_session if self._agreed >= PROVED else SHOTS_OF_PROOF

    def start(self):
        from torch.profiler import ProfilerActivity, profile

        self._calls = []
        self.attribution = "clock" if self._agreed >= PROVED else "ranges"
        activities = [ProfilerActivity.CUDA]
        if self.attribution == "ranges":
            activities.append(ProfilerActivity.CPU)
        self._profile = profile(
            activities=activities, record_shapes=False, profile_memory=False, with_stack=False
        )
        self._profile.start()

    def enter(self, span, layer):
        number = len(self._calls)
        named = None
        if self.attribution == "ranges":
            from torch.autograd.profiler import record_function

            # The number names the call: the same module may run more than once in a pass.
            named = record_function("%s%d" % (PREFIX, number))
            named.__enter__()
        self._calls.append([span, layer, time.time_ns(), 0])
        return number, named

    def leave(self, call):
        number, named = call
        self._calls[number][3] = time.time_ns()
        if named is not None:
            named.__exit__(None, None, None)

    def stop(self):
        import torch

        torch.cuda.synchronize()
        self._profile.stop()
        events = self._profile.profiler.kineto_results.events()
        self._profile = None
        times = self._times(read(events, torch.autograd.DeviceType.CPU))
        return [(span, layer, ns / 1000) for (span, layer, *_), ns in zip(self._calls, times)]

    def _times(self, seen):
        count = len(self._calls)
        if seen.kernels and not seen.matched():
            raise RuntimeError("this torch's profiler does not tell which launch a kernel is of")
        stamped = [(begin, end, number) for number, (*_, begin, end) in enumerate(self._calls)]
        by_clock = by_times(stamped, seen.launches, seen.kernels, count)
        if self.attribution == "clock":
            # Whoever sets the machine's clock moves one of the two: then it is proved anew.
            if seen.kernels and not any(by_clock):
                self._agreed = 0
            return by_clock
        by_range = by_times(seen.ranges, seen.launches, seen.kernels, count)
        if any(by_range):
            self._agreed = self._agreed + 1 if by_range == by_clock else 0
        return by_range


class Seen:
    """What a session saw, in nanoseconds."""

    def __init__(self):
        # (begin, end, number of the call)
        self.ranges = []
        # (begin, correlation)
        self.launches = []
        # (correlation, length)
        self.kernels = []

    def matched(self):
        launched = {correlation for _, correlation in self.launches}
        return any(correlation in launched for correlation, _ in self.kernels)


def read(events, cpu):
    """Takes Kineto's events apart; `cpu` is the device type of what ran on the host."""
    seen = Seen()
    for event in events:
        name = event.name()
        if event.device_type() != cpu:
            # A range is drawn on the GPU's own line too, and is no work.
            if not name.startswith(PREFIX):
                seen.kernels.append((event.correlation_id(), event.duration_ns()))
        elif LAUNCH.match(name):
            seen.launches.append((event.start_ns(), event.correlation_id()))
        elif name.startswith(PREFIX):
            start = event.start_ns()
            seen.ranges.append((start, start + event.duration_ns(), int(name[len(PREFIX) :])))
    return seen
