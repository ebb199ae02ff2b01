"""The profilers, one module each.

A profiler module has NAME, TOGGLE (the environment variable that turns it off, or None where
nothing does) and watchers(recorder), which returns the methods that it watches. A new one is a new
module and its name in MODULES.
"""

import importlib

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
    """Attaches every profiler whose toggle is on; one that cannot be built is noted as failed."""
    for name in MODULES:
        try:
            module = importlib.import_module("." + name, __name__)
            if module.TOGGLE is None:
                recorder.indispensable.add(module.NAME)
            if module.TOGGLE is None or enabled(module.TOGGLE):
                attach(recorder, module.watchers(recorder))
        except Exception as error:
            recorder.hook(name, "profiler", "failed", "%s: %s" % (type(error).__name__, error))
