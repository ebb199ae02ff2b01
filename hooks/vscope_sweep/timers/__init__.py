"""Timers: how long a module's work takes on a kind of hardware.

A timer has

    name               how the bundle calls it
    shots_per_session  shots that are timed between a start and a stop, at most
    shots_now          in the session that comes next; may be left out, where it is always as many
    start()            before the first shot, and once before without any, for what has to be set up
    enter(span, layer) a module begins; what is returned is given to
    leave(call)        when it has returned
    stop()             a list of (span, layer, microseconds), one for each call since start

and is made by a class `Timer` without arguments: one more kind of hardware is a file like its siblings,
or a user's own file, named by its path.
"""

import importlib.util


def make_timer(name):
    """The timer of this name (`cpu`, `kineto`), or of the file with this path."""
    if name == "cpu":
        from .cpu import Timer
    elif name == "kineto":
        from .kineto import Timer
    else:
        spec = importlib.util.spec_from_file_location("vscope_sweep_own_timer", name)
        if spec is None or spec.loader is None:
            raise ValueError("the timer %s is no Python file" % name)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        Timer = module.Timer
    return Timer()


def timer_for(device_type):
    """The name of the timer for a device as torch calls it; ROCm's devices are "cuda" there."""
    return {"cpu": "cpu", "cuda": "kineto"}.get(device_type)
