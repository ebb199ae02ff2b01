"""Prints which options the servers of the installed vLLM know, as one JSON list.

It reads the sources and imports nothing: importing vLLM takes many seconds. null without a vLLM.
"""

import ast
import importlib.util
import json
import os


def options(root):
    """Every text of the module that makes the parser which is written as an option."""
    with open(os.path.join(root, "engine", "arg_utils.py"), encoding="utf-8") as handle:
        tree = ast.parse(handle.read())
    return sorted(
        {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node.value.startswith("--")
            and " " not in node.value
        }
    )


spec = importlib.util.find_spec("vllm")
places = list(spec.submodule_search_locations or []) if spec else []
print(json.dumps(options(places[0]) if places else None))
