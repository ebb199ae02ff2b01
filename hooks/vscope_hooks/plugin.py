"""The entry point of the group vllm.general_plugins.

vLLM calls it in the API server, in EngineCore and in every worker, sometimes more than once.
"""


def load():
    """Activates the hooks in this process, unless VLLM_ENABLE_PROFILING forbids it."""
    try:
        from .activation import activate

        activate(forced=False)
    except Exception:
        # An instrument that cannot start must not stop what it came to measure.
        pass
