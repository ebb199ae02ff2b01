"""As much of Ray as `vscope_fleet` asks for, within its own process: three nodes, of which the second has a clock
that is ahead, and the third is lost after some looks where FAKE_LOST is set."""

import os

from . import exceptions

SKEW = float(os.environ.get("FAKE_SKEW_SEC", "0"))
NODES = [{"NodeID": "id-%d" % n, "NodeManagerAddress": "10.0.0.%d" % n, "Alive": True} for n in (1, 2, 3)]
LOOKS = 2


def init(**options):
    pass


def nodes():
    return NODES


class _Reference:
    def __init__(self, call):
        self.call = call


class _Method:
    def __init__(self, actor, name):
        self._actor, self._name = actor, name

    def remote(self, *args):
        def call():
            self._actor.looks += self._name == "news"
            if os.environ.get("FAKE_LOST") and self._actor.node == 3 and self._actor.looks > LOOKS:
                raise exceptions.RayActorError("The actor died unexpectedly before finishing this task.")
            found = getattr(self._actor.object, self._name)(*args)
            return found + SKEW if self._name == "time" and self._actor.node == 2 else found

        return _Reference(call)


class _Actor:
    def __init__(self, node, made):
        self.node, self.object, self.looks = node, made, 0

    def __getattr__(self, name):
        return _Method(self, name)


class _Class:
    def __init__(self, made, strategy=None):
        self._made, self._strategy = made, strategy

    def options(self, num_cpus, scheduling_strategy):
        return _Class(self._made, scheduling_strategy)

    def remote(self, *args):
        node = int(self._strategy.node_id.split("-")[1])
        os.environ["RAY_RAYLET_PID"] = str(node)
        try:
            return _Actor(node, self._made(*args))
        finally:
            del os.environ["RAY_RAYLET_PID"]


def remote(made):
    return _Class(made)


def wait(references, timeout):
    return references, []


def get(reference, timeout=None):
    return reference.call()
