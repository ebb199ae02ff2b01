"""Time on a GPU: the kernels that a module has launched, as CUPTI or ROCm's tracer saw them.

One session of Kineto holds many shots. A module is a named range; a kernel belongs to the range in
which the operator ran that launched it, whenever it ran itself.
"""

from bisect import bisect_right

PREFIX = "vscope-sweep|"


class Timer:
    name = "kineto"
    shots_per_session = 32

    def __init__(self):
        self._profile = None
        self._calls = []

    def start(self):
        from torch.profiler import ProfilerActivity, profile

        self._calls = []
        self._profile = profile(
            activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA],
            record_shapes=False,
            profile_memory=False,
            with_stack=False,
        )
        self._profile.start()

    def enter(self, span, layer):
        from torch.autograd.profiler import record_function

        # The number names the call: the same module may run more than once in a pass.
        call = record_function("%s%d" % (PREFIX, len(self._calls)))
        self._calls.append((span, layer))
        call.__enter__()
        return call

    def leave(self, call):
        call.__exit__(None, None, None)

    def stop(self):
        import torch

        torch.cuda.synchronize()
        self._profile.stop()
        events = self._profile.profiler.kineto_results.events()
        self._profile = None
        cpu = torch.autograd.DeviceType.CPU
        ranges, operators, kernels = [], [], []
        for event in events:
            name = event.name()
            if event.device_type() == cpu:
                entry = (event.start_thread_id(), event.start_ns(), event.duration_ns())
                if name.startswith(PREFIX):
                    ranges.append((*entry, int(name[len(PREFIX) :])))
                if event.correlation_id() > 0:
                    operators.append((*entry[:2], event.correlation_id()))
            # A range is drawn on the GPU's own line too, and is no work.
            elif not name.startswith(PREFIX):
                kernels.append((event.linked_correlation_id(), event.duration_ns()))
        times = attribute(ranges, operators, kernels, len(self._calls))
        return [(*call, ns / 1000) for call, ns in zip(self._calls, times)]


def attribute(ranges, operators, kernels, count):
    """Nanoseconds of kernels by range.

    ranges: (thread, start, length, number); operators: (thread, start, correlation);
    kernels: (correlation of the operator that launched it, length).
    """
    by_thread = {}
    for thread, start, length, number in ranges:
        by_thread.setdefault(thread, []).append((start, start + length, number))
    starts = {}
    for thread, entries in by_thread.items():
        entries.sort()
        starts[thread] = [entry[0] for entry in entries]
    owners = {}
    for thread, start, correlation in operators:
        entries = by_thread.get(thread)
        if not entries:
            continue
        inside = []
        # Ranges nest a level or two: the one that began last, and those around it.
        place = bisect_right(starts[thread], start) - 1
        for entry in entries[max(0, place - 7) : place + 1]:
            if entry[0] <= start < entry[1]:
                inside.append(entry[2])
        if inside:
            owners[correlation] = inside
    times = [0] * count
    for correlation, length in kernels:
        for number in owners.get(correlation, ()):
            times[number] += length
    return times
