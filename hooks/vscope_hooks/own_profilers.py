"""Finds the profilers in files of the user's own.

    python -m vscope_hooks.own_profilers FILE…

prints, as one JSON document on the last line, what vLLM's processes would find in the files: the
tables that their profilers declare, or one sentence that says what is wrong. It imports no vLLM.
"""

import importlib.util
import json
import os
import sys
import traceback

from .profiler import Profiler

# Paths with commas between them.
VARIABLE = "VSCOPE_PROFILER"

# Tables that a bundle has anyway.
TAKEN = frozenset(
    (
        "batch_utilization",
        "cpu_operations_timing",
        "cuda_graph_captures",
        "cuda_graph_timeline",
        "cuda_graph_usage",
        "encoder_decoder_timing",
        "forward_pass_timing",
        "kv_cache_evictions",
        "kv_cache_usage",
        "moe_expert_activations",
        "moe_expert_coselection",
        "moe_load_imbalance",
        "moe_physical_experts",
        "moe_routing_weights_bins",
        "moe_routing_weights_hist",
        "preemption_events",
        "request_lifecycle",
    )
)


class Unusable(Exception):
    """A file that holds no profiler that can be used; the message is one sentence."""


def files():
    """The files that the environment names."""
    return [path for path in os.environ.get(VARIABLE, "").split(",") if path.strip()]


def profilers_in(path):
    """An object of each profiler of the file, in the order in which they stand in it.

    Raises Unusable.
    """
    module = _load(path)
    classes = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Profiler)
        and value.__module__ == module.__name__
    ]
    if not classes:
        raise Unusable(
            'Cannot use the profiler "%s": it defines no class that derives from '
            "vscope_hooks.profiler.Profiler" % path
        )
    return [_made(path, cls) for cls in classes]


def _made(path, cls):
    try:
        profiler = cls()
        trouble = profiler.trouble()
    except (Exception, SystemExit) as error:
        trouble = "it raised %s" % _words(error, path)
    if trouble:
        raise Unusable('Cannot use the profiler "%s": class %s: %s' % (path, cls.__name__, trouble))
    return profiler


def _load(path):
    stem = os.path.splitext(os.path.basename(path))[0]
    name = "vscope_own_" + "".join(c if c.isalnum() else "_" for c in stem)
    # Two files may have one name.
    while name in sys.modules:
        name += "_"
    try:
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None:
            raise Unusable('Cannot load the profiler "%s": it is no Python file' % path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        _execute(spec.loader, module, os.path.dirname(os.path.abspath(path)))
        return module
    except Unusable:
        raise
    except SyntaxError as error:
        sys.modules.pop(name, None)
        raise Unusable(
            'Cannot load the profiler "%s": line %s: %s' % (path, error.lineno, error.msg)
        )
    except OSError as error:
        sys.modules.pop(name, None)
        raise Unusable('Cannot load the profiler "%s": %s' % (path, error.strerror or error))
    except (Exception, SystemExit) as error:
        # A file that ends the interpreter when it is loaded would end vLLM.
        sys.modules.pop(name, None)
        raise Unusable('Cannot load the profiler "%s": it raised %s' % (path, _words(error, path)))


def _execute(loader, module, folder):
    """Runs the file; what lies beside it can be imported meanwhile, behind all that vLLM imports."""
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    sys.path.append(folder)
    try:
        loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = writes
        if folder in sys.path:
            # The last one: the same folder may stand there for another reason.
            del sys.path[len(sys.path) - 1 - sys.path[::-1].index(folder)]


def _words(error, path):
    """The error in one line, with the line of the file that it came from."""
    lines = [
        entry.lineno
        for entry in traceback.extract_tb(error.__traceback__)
        if os.path.abspath(entry.filename) == os.path.abspath(path)
    ]
    text = " ".join(str(error).split())[:200]
    where = " (line %d)" % lines[-1] if lines else ""
    return "%s%s%s" % (type(error).__name__, ": " + text if text else "", where)


def attach_own(recorder, attach_profiler, taken):
    """Attaches the profilers of the files that the environment names.

    taken: names that profilers of ours have. A file that cannot be used is noted as failed under its
    own name, with the sentence.
    """
    for path in files():
        stem = os.path.splitext(os.path.basename(path))[0]
        try:
            found = profilers_in(path)
        except Exception as error:
            recorder.hook(stem, path, "failed", str(error))
            continue
        for profiler in found:
            name = profiler.NAME
            if name in taken or name in recorder.tables or name in TAKEN:
                recorder.hook(name, path, "failed", _taken(path, name))
                continue
            taken.add(name)
            attach_profiler(recorder, profiler)


def _taken(path, name):
    return (
        'Cannot use the profiler "%s": there is a profiler or a table %s already; '
        "give it another name" % (path, name)
    )


def _strange_modules(symbols):
    """Modules of vLLM among those of the symbols that the installed one does not have."""
    spec = importlib.util.find_spec("vllm")
    places = list(spec.submodule_search_locations or []) if spec else []
    if not places:
        return []
    modules = {symbol.partition(":")[0] for symbol in symbols}
    ours = sorted(name for name in modules if name.startswith("vllm."))
    return [name for name in ours if not _is_there(places[0], name)]


def _is_there(root, module):
    parent, _, last = os.path.join(root, *module.split(".")[1:]).rpartition(os.sep)
    if os.path.isdir(os.path.join(parent, last)):
        return True
    names = os.listdir(parent) if os.path.isdir(parent) else []
    return any(name.startswith(last + ".") for name in names)


def main(paths):
    """What the files hold, as a document."""
    found, names = [], set()
    for path in paths:
        try:
            for profiler in profilers_in(path):
                if profiler.NAME in names:
                    raise Unusable(_taken(path, profiler.NAME))
                names.add(profiler.NAME)
                declared = profiler.declaration()
                strange = _strange_modules(declared["symbols"])
                found.append({"file": path, **declared, "strange_modules": strange})
        except Unusable as error:
            return {"error": str(error)}
    return {"profilers": found}


if __name__ == "__main__":
    document = json.dumps(main(sys.argv[1:]))
    sys.stdout.write("\n%s\n" % document)
