"""Measures what calls take besides the methods that they are of: before a method begins, and behind its end.

Each method does what a real engine does to the caches of a processor: it looks at some thousand objects,
so that what belongs to the hooks has to be fetched anew. Without that they would cost half as much.
"""

import functools
import os
from time import perf_counter

OBJECTS = int(os.environ.get("OBJECTS", "2000"))


class Thing:
    def __init__(self, number):
        self.number = number
        self.name = "thing %d" % number


THINGS = [Thing(number) for number in range(OBJECTS)]


def look_around():
    longest = 0
    for thing in THINGS:
        if len(thing.name) > longest and thing.number >= 0:
            longest = len(thing.name)


class Outside:
    """The time outside of methods, of all calls since it was taken last."""

    def __init__(self):
        self.seconds = 0.0
        # Of each call under way: when its method began and ended; a function that is none does neither.
        self.calls = []

    def call(self, function, *args, **kwargs):
        moments = [None, None]
        self.calls.append(moments)
        start = perf_counter()
        result = function(*args, **kwargs)
        end = perf_counter()
        self.calls.pop()
        began, ended = moments
        self.seconds += end - start if began is None else began - start + end - ended
        return result

    def take(self):
        seconds, self.seconds = self.seconds, 0.0
        return seconds


OUTSIDE = Outside()


def inside(method):
    """A method of the engine, as Outside.call knows it."""

    @functools.wraps(method)
    def measured(*args, **kwargs):
        moments = OUTSIDE.calls[-1]
        moments[0] = perf_counter()
        look_around()
        result = method(*args, **kwargs)
        look_around()
        moments[1] = perf_counter()
        return result

    return measured
