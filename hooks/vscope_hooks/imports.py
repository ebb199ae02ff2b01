"""Calls back when a module has been imported, without importing it.

Importing vLLM's scheduler in the API server, or its model runner in EngineCore, only to look for
symbols would cost seconds of start-up and could close an import cycle.
"""

import importlib.abc
import sys

_waiting = {}
_finder = None


def when_imported(recorder, module, call):
    """Calls `call()` once the module is loaded: now, or right after its import."""
    if _loaded(module):
        call()
        return
    _waiting.setdefault(module, []).append(call)
    global _finder
    if _finder is None:
        _finder = _Finder()
        sys.meta_path.insert(0, _finder)
        recorder.ticks.append(_catch_up)


def _loaded(name):
    module = sys.modules.get(name)
    if module is None:
        return False
    return not getattr(getattr(module, "__spec__", None), "_initializing", False)


def _fire(name):
    for call in _waiting.pop(name, ()):
        call()


def _catch_up():
    """Modules whose import was already under way when somebody asked for them."""
    for name in [name for name in _waiting if _loaded(name)]:
        _fire(name)


class _Finder(importlib.abc.MetaPathFinder):
    """Lets the ordinary finders find the module, and hears when it has been executed."""

    def __init__(self):
        self._busy = set()

    def find_spec(self, name, path=None, target=None):
        if name not in _waiting or name in self._busy:
            return None
        self._busy.add(name)
        try:
            for finder in list(sys.meta_path):
                find = getattr(finder, "find_spec", None)
                if finder is self or find is None:
                    continue
                spec = find(name, path, target)
                if spec is not None:
                    if hasattr(spec.loader, "exec_module"):
                        spec.loader = _Loader(spec.loader)
                    return spec
        finally:
            self._busy.discard(name)
        return None


class _Loader(importlib.abc.Loader):
    """Stands before the module's own loader until the module has been executed."""

    def __init__(self, loader):
        self._loader = loader

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        try:
            _fire(module.__name__)
        except Exception:
            # An error here would fail the import of a vLLM module.
            pass
