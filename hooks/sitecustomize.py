"""Runs in every Python process that has this folder on PYTHONPATH.

With VLLM_ENABLE_PROFILING=1 it registers the process with the session; otherwise it does nothing,
because vLLM itself loads the hooks through its plugin entry point. Either way the sitecustomize
that the user already has runs as if this one were not here. It prints nothing: helper processes
of vLLM speak JSON on stdout.
"""

import os
import sys


def _next_sitecustomize():
    """Finds the sitecustomize that this file hides, and runs it under its own name."""
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    here = os.path.dirname(os.path.realpath(__file__))
    rest = [entry for entry in sys.path if os.path.realpath(entry or os.curdir) != here]
    spec = PathFinder.find_spec("sitecustomize", rest)
    if spec is None or spec.loader is None:
        return
    module = module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    # What it raises is the user's own error, and Python reports it as it always does.
    spec.loader.exec_module(module)


try:
    if os.environ.get("VLLM_ENABLE_PROFILING", "").strip() == "1":
        from vscope_hooks.activation import activate

        activate(forced=True)
except Exception:
    pass

_next_sitecustomize()
