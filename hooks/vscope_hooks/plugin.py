"""The entry point of the group vllm.general_plugins.

vLLM calls it in the API server, in EngineCore and in every worker, sometimes more than once.
"""


import os


def load():
    """Activates the hooks in this process, unless VLLM_ENABLE_PROFILING forbids it.

    With VSCOPE_TORCH_WINDOW the window of a torch trace is set as well.
    """
    try:
        if os.environ.get("VSCOPE_TORCH_WINDOW"):
            from .torch_window import activate as open_window

            open_window()
    except Exception:
        pass
    try:
        from .activation import activate

        activate(forced=False)
    except Exception:
        # An instrument that cannot start must not stop what it came to measure.
        pass
