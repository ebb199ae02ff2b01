"""Writes what waits as soon as vLLM begins to shut a process down.

vLLM gives its engine and its workers no time to end: it kills them within a second.
"""

from ..sites import Watcher

NAME = "last_flush"
TOGGLE = None


def watchers(recorder):
    def before_shutdown(args, kwargs):
        recorder.finish()

    return [
        Watcher(NAME, module, path, before=before_shutdown)
        for module, path in (
            ("vllm.v1.engine.core", "EngineCore.shutdown"),
            ("vllm.v1.executor.multiproc_executor", "WorkerProc.shutdown"),
            ("vllm.v1.executor.multiproc_executor", "MultiprocExecutor.shutdown"),
            # It does not call what it overrides.
            ("vllm.v1.executor.ray_executor_v2", "RayExecutorV2.shutdown"),
        )
    ]
