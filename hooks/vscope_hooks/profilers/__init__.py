"""The profilers, one module each.

A profiler module has NAME, TOGGLE (the environment variable that turns it off, or None where
nothing does) and watchers(recorder), which returns the methods that it watches. A new one is a new
module and its name in MODULES.
"""

import importlib

from ..session import enabled
from ..sites import attach

# scheduler_steps comes first: it numbers the steps that the others name.
MODULES = (
    "engine_facts",
    "scheduler_steps",
    "batch_utilization",
    "kv_cache",
    "request_lifecycle",
    "request_results",
    "forward_pass",
    "cpu_operations",
    "last_flush",
)


def attach_all(recorder):
    """Attaches every profiler whose toggle is on; one that cannot be built is noted as failed."""
    for name in MODULES:
        try:
            module = importlib.import_module("." + name, __name__)
            if module.TOGGLE is None or enabled(module.TOGGLE):
                attach(recorder, module.watchers(recorder))
        except Exception as error:
            recorder.hook(name, "profiler", "failed", "%s: %s" % (type(error).__name__, error))
