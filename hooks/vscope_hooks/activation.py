"""Decides whether this process is profiled, and starts the profilers once."""

import os
import sys
import threading

_lock = threading.Lock()
_recorder = None
_attached = False


def allowed(forced):
    """Whether VLLM_ENABLE_PROFILING lets this process take part.

    Unset, empty or auto: vLLM processes only. 1: every Python process. Any other value: none.
    """
    value = os.environ.get("VLLM_ENABLE_PROFILING", "").strip().lower()
    if value in ("", "auto"):
        return not forced
    return value in ("1", "true", "yes", "on")


def activate(forced):
    """Opens the session for this process and attaches the profilers.

    forced: called by sitecustomize in any Python process. Such a process is only registered; the
    profilers attach when vLLM calls its plugins in it.
    """
    global _recorder, _attached
    if not allowed(forced):
        return
    with _lock:
        if _recorder is None:
            from .recorder import Recorder

            _recorder = Recorder(forced)
        if not forced and not _attached:
            _attached = True
            _recorder.for_worker = _for_worker()
            _recorder.name_role()
            from .profilers import attach_all

            attach_all(_recorder)


def _for_worker():
    """Whether it is vLLM's worker that loads plugins."""
    frame = sys._getframe()
    while frame is not None:
        if frame.f_globals.get("__name__") == "vllm.v1.worker.worker_base":
            return True
        frame = frame.f_back
    return False
