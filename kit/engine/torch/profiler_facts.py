"""Prints what the profiler of the installed vLLM can be told, as one JSON document.

It reads the sources and imports nothing: importing vLLM takes many seconds. What is not found is
null; without a vLLM all of it is.
"""

import ast
import glob
import importlib.util
import json
import os
import re


def fields(root):
    """Names of the fields of ProfilerConfig; null where this vLLM has no such class."""
    for path in sorted(glob.glob(os.path.join(root, "config", "*.py"))):
        with open(path, encoding="utf-8") as handle:
            text = handle.read()
        if "class ProfilerConfig" not in text:
            continue
        for node in ast.parse(text).body:
            if isinstance(node, ast.ClassDef) and node.name == "ProfilerConfig":
                return [
                    item.target.id
                    for item in node.body
                    if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
                ]
    return None


def variables(root):
    """Environment variables that bear on profiling and that this vLLM reads."""
    try:
        with open(os.path.join(root, "envs.py"), encoding="utf-8") as handle:
            names = set(re.findall(r'"(VLLM_\w+)"\s*:', handle.read()))
    except OSError:
        return []
    return sorted(name for name in names if re.search("PROFILE|_TIMEOUT", name))


spec = importlib.util.find_spec("vllm")
places = list(spec.submodule_search_locations or []) if spec else []
found = {"fields": fields(places[0]), "variables": variables(places[0])} if places else None
print(json.dumps(found))
