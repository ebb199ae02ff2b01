"""Everything that one process records: its tables, its hooks, and the thread that writes them."""

import atexit
import collections
import multiprocessing
import multiprocessing.util
import os
import platform
import sys
import threading
import time

from . import __version__
from .cost import Cost, budget
from .clock import clock_offset
from .losses import Losses
from .session import enabled, open_session, whole, write_json
from .table import Table
from .writing import Writing

FLUSH_SECONDS = 0.25


class Recorder:
    """Opens the process's folder in the session and starts the writer thread."""

    def __init__(self, forced):
        self.forced = forced
        # Whether vLLM loads its plugins here for a worker: in an actor of Ray no name tells.
        self.for_worker = False
        self.session, self.session_start = open_session()
        self.tables = {}
        self.hooks = {}
        # Wrapped methods by symbol, see sites.py.
        self.sites = {}
        self.engine = {}
        # Tables of the user's own profilers, by name.
        self.declared = {}
        self.rank = None
        # Names of profilers without a toggle: the others need what they know.
        self.indispensable = set()
        # True while somebody has paused the session; each site is told by refresh().
        self.paused = False
        # Profilers that rest: paused by name, or turned down because they cost too much.
        self.muted = frozenset()
        self.cost = Cost(budget())
        # (profiler, call): told by the writer thread when a profiler goes to rest.
        self.resting = []
        # Called by the writer thread ahead of its work: each returns when that disturbs vLLM least, soon.
        self.good_moments = []
        # Called by the writer thread, and before the last flush.
        self.ticks = []
        # Called once when the process is about to end; each may take a moment.
        self.last_words = []
        # VLLM_PROFILING_LOG_INTERVAL: operations between two samples of a timeline.
        self.interval = whole("VLLM_PROFILING_LOG_INTERVAL", 100, 1)
        # VLLM_PROFILING_VERBOSE: what hooks do goes to stderr, written by the writer thread.
        self.verbose = _verbose()
        self._remarks = collections.deque(maxlen=200)
        # When the process was about to end, as far as it knew.
        self._ended = None
        self._pauses = []
        self.pause_count = 0
        # Profilers that have rested at any time.
        self._rested = set()
        self._flush_lock = threading.Lock()
        self._writing = Writing()
        self._changed = forced
        self._begin()
        if forced:
            self._open_folder()
        atexit.register(self.close)
        self._close_with_multiprocessing()
        multiprocessing.util.register_after_fork(self, Recorder._close_with_multiprocessing)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._after_fork)

    def _close_with_multiprocessing(self):
        # EngineCore and the workers are children of multiprocessing: they skip atexit.
        multiprocessing.util.Finalize(None, self.close, exitpriority=10)

    def _begin(self):
        self.pid = os.getpid()
        # Added to perf_counter; no step of the wall clock can reorder rows.
        self._offset = clock_offset(self.session_start, self.session)
        self.started_sec = self.seconds()
        self.folder = None
        # After a fork those are the parent's.
        for table in self.tables.values():
            table.forget(self._offset)
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="vscope-writer", daemon=True)
        self._thread.start()

    def _open_folder(self):
        self.role = self._role()
        self.folder = os.path.join(self.session, "processes", "%s-%d" % (self.role, self.pid))
        os.makedirs(self.folder, exist_ok=True)
        for table in self.tables.values():
            table.file.folder = self.folder
        self._losses = Losses(self.folder)
        self._save()

    def _role(self):
        name = multiprocessing.current_process().name
        for start, role in (
            ("EngineCore", "engine_core"),
            ("VllmWorker", "worker"),
            ("ApiServer", "api_server"),
        ):
            if name.startswith(start):
                return role
        if self.for_worker:
            return "worker"
        if self.forced:
            return "python"
        line = " ".join(sys.argv)
        serves = " serve" in line or "api_server" in line
        return "api_server" if serves else "offline"

    def name_role(self):
        """A process that was registered as a plain Python one turned out to be vLLM's."""
        if not self.forced:
            return
        self.forced = False
        old = self.folder
        self._open_folder()
        if old is not None and old != self.folder:
            try:
                for name in ("process.json", "losses.json"):
                    os.unlink(os.path.join(old, name))
                os.rmdir(old)
            except OSError:
                pass

    def seconds(self, at=None):
        """Seconds since the session began, of now or of a value of time.perf_counter()."""
        return (time.perf_counter() if at is None else at) + self._offset

    def table(self, name, columns, **more):
        """The table of that name, made on first use; `more` as CsvFile takes it."""
        if name not in self.tables:
            self.tables[name] = Table(self.folder, name, columns, **more)
        return self.tables[name]

    def keep_limits(self):
        """Called now and then by who adds rows: the writer thread may be held up by a disk."""
        for table in list(self.tables.values()):
            if len(table.cells) > table.most:
                table.keep_limit()

    def timeline(self, name, columns, complete=None):
        """A table whose first column is given as values of time.perf_counter().

        complete(cells), as CsvFile takes it, still sees those.
        """
        return self.table(name, columns, complete=complete, offset=self._offset)

    def declare(self, name, declaration):
        """What a table is that only a profiler of the user's own knows."""
        self.declared[name] = declaration
        self._changed = True

    def hook(self, profiler, symbol, status, reason=None):
        """Notes what became of a hook; the last word counts."""
        entry = {"name": profiler, "symbol": symbol, "status": status}
        if reason:
            entry["reason"] = reason
        self.hooks[(profiler, symbol)] = entry
        self._changed = True
        if self.verbose:
            self.say("%s %s %s %s" % (profiler, status, symbol, reason or ""))

    def say(self, remark):
        """A line on stderr, soon."""
        self._remarks.append(remark)

    def facts(self, **facts):
        """Adds facts about the engine (sizes and limits, never text of requests)."""
        self.engine.update((key, value) for key, value in facts.items() if value is not None)
        self._changed = True

    def set_rank(self, rank):
        """Notes the global rank of this worker."""
        if rank is not None and rank != self.rank:
            self.rank = rank
            self._changed = True

    def _run(self):
        # In a forked child this thread does not exist; `_after_fork` starts another.
        pid = self.pid
        while not self._wake.wait(FLUSH_SECONDS) and self.pid == pid:
            for wait in self.good_moments:
                wait()
            self._tick()

    def _tick(self):
        try:
            self._keep_budget()
            self._look_for_pause()
            for tick in self.ticks:
                tick()
            self._writing.start_where_many(list(self.tables.values()))
            self.flush()
            while self._remarks:
                sys.stderr.write("vscope: %s\n" % self._remarks.popleft())
        except Exception as error:
            self.hook("recorder", "writer thread", "failed", "%s: %s" % (type(error).__name__, error))

    def _look_for_pause(self):
        """A file `paused` in the session: empty for all profilers, else their names, one a line."""
        names, paused = frozenset(), False
        path = os.path.join(self.session, "paused")
        # Most sessions have none, and to be refused its opening takes ten times as long as to ask.
        if os.access(path, os.F_OK):
            try:
                with open(path, encoding="utf-8") as handle:
                    names = frozenset(handle.read().split())
                paused = not names
            except OSError:
                pass
        self._mute(names | frozenset(self.cost.turned_down))
        if paused == self.paused:
            return
        self.paused = paused
        self._refresh()
        if paused:
            self.pause_count += 1
            self._pauses.append([round(self.seconds(), 6), None])
            self._rest(name for name, _ in self.resting)
        else:
            self._pauses[-1][1] = round(self.seconds(), 6)
        self._changed = True

    def _mute(self, names):
        if names != self.muted:
            before, self.muted = self.muted, names
            self._rested |= names
            self._changed = True
            self._refresh()
            self._rest(names - before)

    def _refresh(self):
        for site in list(self.sites.values()):
            site.refresh()

    def _rest(self, names):
        names = set(names)
        for profiler, call in self.resting:
            if profiler in names:
                call()

    def _keep_budget(self):
        found = self.cost.dearest_over_budget(self.indispensable)
        if found:
            self.say("%s %s" % found)
            self._changed = True

    def flush(self):
        """Writes waiting rows, and the process's record where it has changed."""
        with self._flush_lock:
            if self.folder is None:
                # vLLM also loads plugins in short-lived helpers, and forks: a process gets a
                # folder once it has news, and by then it has its own name too.
                if not self._changed and not any(table.cells for table in self.tables.values()):
                    return
                self._open_folder()
            before = sum(table.dropped for table in self.tables.values())
            self._writing.write(list(self.tables.values()))
            after = sum(table.dropped for table in self.tables.values())
            if self._changed or after != before or after != getattr(self, "_saved_drops", 0):
                self._saved_drops = after
                self._save()

    def _save(self):
        self._changed = False
        try:
            # Somebody may have removed the session.
            os.makedirs(self.folder, exist_ok=True)
            write_json(os.path.join(self.folder, "process.json"), self.record())
            self._losses.clear()
        except OSError:
            # A full disk: the whole record is written when it recovers.
            self._changed = True
            self._losses.save(self._dropped(), self._errors(), self._ended)

    def record(self):
        """What process.json holds."""
        return {
            "schema_version": 1,
            "hooks_version": __version__,
            "pid": self.pid,
            "parent_pid": os.getppid(),
            "role": self.role,
            "rank": self.rank,
            "host": platform.node(),
            "started_sec": round(self.started_sec, 6),
            "updated_sec": round(self.seconds(), 6),
            "ended_sec": self._ended,
            "versions": _versions(),
            "engine": self.engine,
            "hooks": list(self.hooks.values()),
            **({"tables": self.declared} if self.declared else {}),
            "dropped": self._dropped(),
            "errors": self._errors(),
            "paused": self._pauses,
            "rested": sorted(self._rested),
            "cost_sec": {name: round(seconds, 6) for name, seconds in self.cost.seconds.items()},
            "turned_down": dict(self.cost.turned_down),
            "cuda_device": _device(),
        }

    def _dropped(self):
        return {table.name: table.dropped for table in list(self.tables.values())}

    def _errors(self):
        return [table.error for table in list(self.tables.values()) if table.error]

    def finish(self):
        """Writes what waits, because the process may be killed at any moment from now on."""
        self._ended = round(self.seconds(), 6)
        for last in self.last_words:
            last()
        for tick in self.ticks:
            tick()
        self._changed = self._changed or self.folder is not None
        self.flush()

    def close(self):
        """Last flush of a process that ends by itself."""
        self._wake.set()
        try:
            self.finish()
            with self._flush_lock:
                self._writing.close()
        except Exception:
            pass

    def _after_fork(self):
        try:
            self._flush_lock = threading.Lock()
            self.rank = None
            self._ended = None
            self._changed = False
            self._writing.forget()
            self._begin()
        except Exception:
            self.paused = True
            self._refresh()


def _verbose():
    return "VLLM_PROFILING_VERBOSE" in os.environ and enabled("VLLM_PROFILING_VERBOSE")


def _device():
    """Name and memory of the GPU that this process computes on; nothing starts CUDA for it."""
    cuda = getattr(sys.modules.get("torch"), "cuda", None)
    try:
        if cuda is None or not cuda.is_initialized():
            return None
        properties = cuda.get_device_properties(cuda.current_device())
        return {"name": properties.name, "memory_bytes": properties.total_memory}
    except Exception:
        return None


def _versions():
    versions = {"python": platform.python_version()}
    for name in ("vllm", "torch"):
        module = sys.modules.get(name)
        version = getattr(module, "__version__", None)
        if isinstance(version, str):
            versions[name] = str(version)
    cuda = getattr(getattr(sys.modules.get("torch"), "version", None), "cuda", None)
    if cuda:
        versions["cuda"] = str(cuda)
    return versions
