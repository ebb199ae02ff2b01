"""Whose kernels were whose, from the times of their launches. All times in nanoseconds."""


def by_times(ranges, launches, kernels, count):
    """Nanoseconds of kernels by call, where a kernel belongs to the calls in which its launch began.

    ranges: (begin, end, number) of calls, which nest; launches: (time, correlation);
    kernels: (correlation, length), several of one launch where it was a graph's.
    """
    waiting = sorted(ranges, reverse=True)
    open_calls = []
    owners = {}
    for moment, correlation in sorted(launches):
        while waiting and waiting[-1][0] <= moment:
            open_calls.append(waiting.pop())
        open_calls = [call for call in open_calls if moment < call[1]]
        if open_calls:
            owners[correlation] = [number for _, _, number in open_calls]
    times = [0] * count
    for correlation, length in kernels:
        for number in owners.get(correlation, ()):
            times[number] += length
    return times
