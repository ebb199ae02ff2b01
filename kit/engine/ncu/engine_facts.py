"""Prints which of the arguments that matter under ncu the installed vLLM takes, as one JSON document.

It reads the sources and imports nothing: importing vLLM takes many seconds. Without a vLLM it is null.
"""

import importlib.util
import json
import os


def text(root, *path):
    try:
        with open(os.path.join(root, *path), encoding="utf-8") as handle:
            return handle.read()
    except OSError:
        return ""


spec = importlib.util.find_spec("vllm")
places = list(spec.submodule_search_locations or []) if spec else []
found = None
if places:
    arguments = text(places[0], "engine", "arg_utils.py")
    found = {
        # Bytes of the KV cache, whatever memory there is.
        "kv_cache_memory": "kv_cache_memory_bytes" in arguments,
        # The longest request that fits into the KV cache, instead of a refusal to start.
        "auto_length": "human_readable_int_or_auto" in arguments,
    }
print(json.dumps(found))
