"""The profilers, one module each.

A profiler module has NAME, TOGGLE (the environment variable that turns it off, or None where
nothing does) and watchers(recorder), which returns the methods that it watches. A new one is a new
module and its name in MODULES.
"""

import importlib

from .. import own_profilers
from ..session import enabled
from ..sites import attach

# pass_marks and scheduler_steps come first: they name the passes and steps of the others.
MODULES = (
    "engine_facts",
    "pass_marks",
    "scheduler_steps",
    "batch_utilization",
    "kv_cache",
    "kv_eviction",
    "request_lifecycle",
    "request_results",
    "cuda_graph",
    "moe_expert",
    "encoder_decoder",
    "forward_pass",
    "cpu_operations",
    "last_flush",
)


def attach_all(recorder):
    """Attaches every profiler whose toggle is on; one that cannot be built is noted as failed.

    Those of the user's own come ahead of the last flush, which writes their rows too.
    """
    taken = set()
    *first, last = MODULES
    for name in first:
        _attach_module(recorder, name, taken)
    try:
        if own_profilers.files():
            own_profilers.attach_own(recorder, _attach_profiler, taken)
    except Exception as error:
        recorder.hook("own_profilers", "profiler", "failed", _words(error))
    _attach_module(recorder, last, taken)


def _attach_module(recorder, name, taken):
    try:
        module = importlib.import_module("." + name, __name__)
    except Exception as error:
        recorder.hook(name, "profiler", "failed", _words(error))
        return
    taken.add(module.NAME)
    if module.TOGGLE is None:
        recorder.indispensable.add(module.NAME)
    if module.TOGGLE is None or enabled(module.TOGGLE):
        _attach_profiler(recorder, module)


def _attach_profiler(recorder, profiler):
    """A module, or an object of profiler.Profiler: both have NAME and watchers."""
    try:
        attach(recorder, profiler.watchers(recorder))
    except Exception as error:
        recorder.hook(profiler.NAME, "profiler", "failed", _words(error))


def _words(error):
    return "%s: %s" % (type(error).__name__, error)
