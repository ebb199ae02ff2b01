"""Usage: probe.py HOOKS_DIR VLLM_SITE_DIR... Prints as JSON which hooks fit which vLLM.

Each VLLM_SITE_DIR holds the package `vllm` and its dist-info, as a wheel does. A hook is
`attached` where the method is there with the parameters that the hook needs, `absent` where it is
not, and `unknown` where the answer lies outside vLLM's Python. It asks what sites.py asks, of the
syntax instead of the running vLLM; so it cannot tell whether vLLM ever imports the module.
"""

import importlib
import json
import os
import re
import sys
from unittest import mock

from tree import Class, Function, Module, Tree


def all_watchers(hooks):
    """The watchers of every profiler, whatever the toggles."""
    sys.path.insert(0, hooks)
    profilers = importlib.import_module("vscope_hooks.profilers")
    # Watchers are only made here and never called: any recorder will do.
    recorder = mock.MagicMock(
        pid=1, rank=None, paused=False, talk_every=0, forced=False, remark=None
    )
    recorder.configure_mock(ticks=[], hooks={}, sites={}, tables={}, engine={})
    recorder.seconds.return_value = 0.0
    for name in profilers.MODULES:
        yield from importlib.import_module("vscope_hooks.profilers." + name).watchers(recorder)


def package_of(folder):
    """The distribution's name and version, from its dist-info."""
    for name in sorted(os.listdir(folder)):
        found = re.match(r"(vllm(?:_\w+)?)-([^-]+)\.dist-info$", name)
        if found:
            return found.group(1).replace("_", "-"), found.group(2)
    raise SystemExit("probe.py: %s holds no vllm-*.dist-info" % folder)


def find(tree, watcher):
    """What the watcher's symbol stands for and its class, or the reason why there is nothing."""
    found, owner = tree.look_up(watcher.module), None
    if found is None:
        return None, None, "no module %s" % watcher.module
    walked = watcher.module.rpartition(".")[2]
    for name in watcher.path.split("."):
        found, owner = found.get(name), found
        if found is None:
            return None, None, "%s has no %s" % (walked, name)
        walked = name if isinstance(owner, Module) else "%s.%s" % (walked, name)
    return found, owner if isinstance(owner, Class) else None, None


def verdict(watcher, found):
    """The status of a watcher's hook, with a reason where it is not attached."""
    needs = list(getattr(watcher, "needs", ()) or ())
    if isinstance(found, Class) and needs:
        found = found.get("__init__")
    if isinstance(found, Module):
        return "absent", "%s is a module" % watcher.path
    if not needs and isinstance(found, (Class, Function)):
        return "attached", None
    if not isinstance(found, Function):
        where = getattr(found, "name", None)
        return (
            "unknown",
            "left to %s, which is not vLLM's" % where if where else "the syntax does not tell",
        )
    missing = [name for name in needs if name not in found.parameters]
    if not missing:
        return "attached", None
    reason = "%s lacks the parameter %s, it has %s"
    return "absent", reason % (watcher.path, ", ".join(missing), ", ".join(found.parameters) or "none")


def elsewhere(watcher, found, owner, watched):
    """The other symbol at which calls of the method are seen, as sites.py asks it; None without one.

    watched: the symbols of the nodes that are watched already.
    """
    if not isinstance(found, Function):
        return None
    symbol = "%s:%s" % (watcher.module, watcher.path)
    other = watched.setdefault(id(found.node), symbol)
    if other != symbol:
        return other
    if owner is None or found.node.name == "__init__" or not found.calls_base():
        return None
    name = watcher.path.rpartition(".")[2]
    bases = [one.get(name) for one in owner.order()[1:] if isinstance(one, Class)]
    symbols = [watched.get(id(base.node)) for base in bases if isinstance(base, Function)]
    return next((symbol for symbol in symbols if symbol), None)


def probe(watchers, folder):
    """One vLLM against all watchers."""
    tree = Tree(folder)
    package, version = package_of(folder)
    hooks, watched, classes = [], {}, {}
    for watcher in watchers:
        found, owner, reason = find(tree, watcher)
        status = "absent"
        if reason is None:
            status, reason = verdict(watcher, found)
        if status == "attached":
            other = elsewhere(watcher, found, owner, watched)
            if other:
                status, reason = "absent", "calls of it are seen at %s" % other
            elif owner is not None:
                classes.setdefault(owner.name, set()).add(watcher.path.rpartition(".")[2])
        hook = {
            "profiler": watcher.profiler,
            "module": watcher.module,
            "path": watcher.path,
            "needs": list(getattr(watcher, "needs", ()) or ()),
            "status": status,
        }
        hooks.append(dict(hook, reason=reason) if reason else hook)
    return {
        "package": package,
        "version": version,
        "hooks": hooks,
        "overrides": unwatched(tree, classes, watched),
    }


def unwatched(tree, classes, watched):
    """Symbols that override a watched method without calling it, and are not watched themselves."""
    found = []
    for one in tree.subclasses(classes):
        for base in one.order()[1:]:
            for name in sorted(classes.get(getattr(base, "name", None), ())):
                method = one.get(name) if name in one.own.names else None
                if not isinstance(method, Function) or id(method.node) in watched:
                    continue
                if not method.calls_base():
                    found.append("%s:%s.%s" % (one.module.name, one.name, name))
    return sorted(set(found))


def main(hooks, *folders):
    watchers = list(all_watchers(hooks))
    json.dump([probe(watchers, folder) for folder in folders], sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    # The hooks' folder is embedded file by file: leave no cache in it.
    sys.dont_write_bytecode = True
    main(*sys.argv[1:])
