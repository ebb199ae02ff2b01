"""Runs in every Python process that has this folder on PYTHONPATH.

With VLLM_ENABLE_PROFILING=1 it registers the process with the session; otherwise it does nothing,
because vLLM itself loads the hooks through its plugin entry point. In a job on a cluster it adds their name to the
VLLM_PLUGINS that a node sets, which is an allow-list. Either way the sitecustomize
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


def _allow_plugin():
    """Whoever submitted the job could not see what a node sets."""
    names = os.environ["VLLM_PLUGINS"].split(",")
    if "vscope" not in names:
        os.environ["VLLM_PLUGINS"] = ",".join([name for name in names if name] + ["vscope"])


try:
    if os.environ.get("VSCOPE_SESSION_NODES") and "VLLM_PLUGINS" in os.environ:
        _allow_plugin()
    if os.environ.get("VLLM_ENABLE_PROFILING", "").strip() == "1":
        from vscope_hooks.activation import activate

        activate(forced=True)
except Exception:
    pass

_next_sitecustomize()
