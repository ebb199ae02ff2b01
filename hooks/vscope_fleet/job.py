"""The job: the command runs on this node, and what was recorded on every node goes home while it does."""

import json
import os
import signal
import subprocess
import sys
import time

import vscope_session

from .folder import NodeFolder
from .nodes import Node, make_folder
from .pieces import PieceWriter

TICK_SECONDS = 1.0
# Clocks are compared again, and new nodes looked for, so seldom.
NODES_SECONDS = 30.0
# How long nodes may take to set up the job's environment.
BEGIN_SECONDS = 120.0
# Longer than the hooks take to write what they have.
SETTLE_SECONDS = 0.6
# Bytes of one node at a time.
MOST_BYTES = 4_000_000


class Job:
    def __init__(self):
        folder = os.path.dirname(os.path.abspath(vscope_session.__file__))
        with open(os.path.join(folder, "order.json"), encoding="utf-8") as handle:
            self._order = json.load(handle)
        self._session = os.environ["VSCOPE_SESSION_DIR"]
        # Processes of the command share this node's part of the session.
        self._own = NodeFolder(os.path.join(self._session, "driver"))
        self._nodes = []
        self._ray = None
        self._stopped = None
        self._versions = 0
        # Whether the log has no room for more.
        self._full = False
        self._process = None
        self._pieces = PieceWriter(self._writer())

    def run(self):
        """Returns the exit code of the job."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        try:
            self._begin()
        except Exception as error:
            return self._end({"reason": "%s: %s" % (type(error).__name__, error)}, 1)
        if self._stopped is None:
            try:
                self._process = self._start()
            except OSError as error:
                return self._end({"reason": "the command cannot be started: %s" % error}, 1)
        looked = time.monotonic()
        while self._process and self._process.poll() is None:
            time.sleep(TICK_SECONDS)
            self._end_late()
            if time.monotonic() - looked > NODES_SECONDS:
                looked = time.monotonic()
                self._look_at_nodes()
            self._send()
        return self._finish()

    def _begin(self):
        import ray

        make_folder(self._session, self._own.path)
        # Workers' output is printed by the vLLM that started them.
        ray.init(log_to_driver=False, logging_level="ERROR")
        # Ray has put a handler of its own there.
        signal.signal(signal.SIGTERM, self._stop)
        self._ray = ray
        self._look_at_nodes()

    def _look_at_nodes(self):
        known = {node.id for node in self._nodes}
        first = not known
        alive = [found for found in self._ray.nodes() if found.get("Alive")]
        fresh = []
        for found in alive:
            if found["NodeID"] not in known:
                fresh.append(Node(self._ray, len(self._nodes) + len(fresh) + 1, found, self._session))
        self._nodes.extend(fresh)
        until = time.monotonic() + BEGIN_SECONDS
        for node in fresh:
            node.late = not first
            # The command waits for those of the beginning; one that joins later is asked again at the next look.
            left = max(1.0, until - time.monotonic())
            if first and not node.ready(left) and not node.lost:
                node.lost = "it did not set up the environment of the job in time"
        for node in self._nodes:
            node.measure_clock()
        self._tell_nodes()

    def _start(self):
        env = dict(os.environ)
        # A process of the command is one of this node's driver, whatever raylet Ray has put the job at.
        env.pop("VSCOPE_SESSION_NODES", None)
        env["VSCOPE_SESSION_DIR"] = self._own.path
        python = self._order.get("python")
        if python and "/" in python:
            env["PATH"] = os.path.dirname(python) + os.pathsep + env.get("PATH", os.defpath)
        return subprocess.Popen(self._order["argv"], env=env)

    def _stop(self, number, frame):
        # Ray sends the signal to all processes of a job, vLLM's too.
        self._stopped = self._stopped or time.monotonic()

    def _end_late(self):
        if self._stopped and time.monotonic() - self._stopped > self._order["grace_sec"]:
            self._process.kill()

    def _send(self, last=False):
        limit = self._order.get("most_log_bytes")
        if limit is not None and self._pieces.written > limit:
            self._full = True
            return
        for source, suffix in [(self._own, "")] + [(node, "@" + node.name) for node in self._nodes]:
            for path, data, at in source.news(MOST_BYTES, last):
                process, name = path.split("/")
                path = "%s%s/%s" % (process, suffix, name)
                if at is None:
                    self._pieces.whole(path, data, self._version())
                else:
                    self._pieces.appended(path, data, at)

    def _version(self):
        self._versions += 1
        return self._versions

    def _tell_nodes(self):
        facts = [node.facts() for node in self._nodes]
        self._pieces.document("nodes.json", facts, self._version())

    def _finish(self):
        time.sleep(SETTLE_SECONDS)
        for _ in range(1000):
            before = self._pieces.written
            self._send()
            if self._pieces.written == before or self._full:
                break
        self._send(last=True)
        for node in self._nodes:
            node.measure_clock()
        self._tell_nodes()
        code = self._process.returncode if self._process else None
        end = {"stopped": self._stopped is not None, "cut": self._full}
        if self._process:
            end["pid"] = self._process.pid
        if code is not None:
            end["exit_code" if code >= 0 else "signal"] = code if code >= 0 else _name(-code)
        return self._end(end, 0 if code == 0 or self._stopped else 1)

    def _end(self, end, code):
        self._pieces.document("end.json", end, self._version())
        for source in [self._own, *self._nodes]:
            source.clear()
        sys.stdout.flush()
        return code

    def _writer(self):
        path = self._order.get("storage")
        if path is None:
            return lambda line: (sys.stdout.write(line), sys.stdout.flush())
        os.makedirs(os.path.dirname(path), exist_ok=True)
        handle = open(path, "a", encoding="ascii", buffering=1)
        return handle.write


def _name(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return "signal %d" % number
