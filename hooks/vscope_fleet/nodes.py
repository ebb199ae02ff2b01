"""The nodes of the cluster: on each a small actor that tells its time and hands over what was recorded there."""

import os
import platform
import time

from vscope_hooks.session import node_folder, write_json

from .clocks import estimate
from .folder import NodeFolder

# A node that does not answer for so long is asked again later.
PATIENCE_SECONDS = 5


def make_folder(session, path):
    """Makes a folder of the session, which nobody else may have made."""
    os.makedirs(session, mode=0o700, exist_ok=True)
    if os.stat(session).st_uid != os.getuid():
        raise PermissionError("%s belongs to another user" % session)
    os.makedirs(path, exist_ok=True)
    return path


class NodeReader:
    """On a node. The hooks of its processes write to the same folder."""

    def __init__(self, session):
        path = make_folder(session, node_folder(session))
        self._folder = NodeFolder(path)

    def facts(self):
        return {"host": platform.node()}

    def time(self):
        return time.time()

    def set_clock(self, clock):
        write_json(os.path.join(self._folder.path, "clock.json"), clock)

    def news(self, most, last):
        return self._folder.news(most, last)

    def clear(self):
        self._folder.clear()
        try:
            # The last node of a machine takes the session's folder with it.
            os.rmdir(os.path.dirname(self._folder.path))
        except OSError:
            pass


class Node:
    """A node as the driver of the job sees it."""

    def __init__(self, ray, number, found, session):
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        self._ray = ray
        self.name = "node%d" % number
        self.id = found["NodeID"]
        self.address = found.get("NodeManagerAddress")
        self.host = found.get("NodeManagerHostname")
        self.clock = None
        self.late = False
        self.lost = None
        self._pending = None
        stays = NodeAffinitySchedulingStrategy(self.id, soft=False)
        self._actor = ray.remote(NodeReader).options(num_cpus=0, scheduling_strategy=stays).remote(session)

    def ready(self, seconds):
        """Waits until it answers; returns whether it does."""
        facts = self._call(self._actor.facts, (), seconds)
        if facts:
            self.host = facts["host"]
        return facts is not None

    def measure_clock(self):
        """Compares its clock with ours; the first comparison is what its processes go by."""
        def exchange():
            before = time.time()
            there = self._call(self._actor.time, ())
            if there is None:
                raise TimeoutError
            return before, there, time.time()

        try:
            offset, error = estimate(exchange)
        except TimeoutError:
            return
        if self.clock is None:
            self.clock = {"offset_sec": round(offset, 6), "error_sec": round(error, 6)}
            self._call(self._actor.set_clock, (self.clock,))
        else:
            self.clock["later_offset_sec"] = round(offset, 6)
            self.clock["later_error_sec"] = round(error, 6)

    def news(self, most, last=False):
        """What was recorded there; nothing where it does not answer in time: the next look gets it."""
        if self.lost:
            return []
        try:
            if self._pending is None:
                self._pending = self._actor.news.remote(most, last)
            ready, _ = self._ray.wait([self._pending], timeout=PATIENCE_SECONDS)
            if not ready:
                return []
            found = self._ray.get(ready[0])
            self._pending = None
            return found
        except Exception as error:
            self._pending = None
            self.lost = _first_line(error)
            return []

    def clear(self):
        self._call(self._actor.clear, ())

    def facts(self):
        """As home is told of it."""
        return {
            "name": self.name,
            "id": self.id,
            "host": self.host,
            "address": self.address,
            **({"clock": self.clock} if self.clock else {}),
            **({"late": True} if self.late else {}),
            **({"lost": self.lost} if self.lost else {}),
        }

    def _call(self, method, args, seconds=PATIENCE_SECONDS):
        if self.lost:
            return None
        try:
            return self._ray.get(method.remote(*args), timeout=seconds)
        except self._ray.exceptions.GetTimeoutError:
            return None
        except Exception as error:
            self.lost = _first_line(error)
            return None


def _first_line(error):
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines or [type(error).__name__])[0][:300]
