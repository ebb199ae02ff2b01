"""The base class of profilers of your own: `vscope monitor --profiler my_profiler.py`.

A profiler names methods of vLLM, is told of their calls, and adds rows to one table. What it shares
with the profilers that vscope brings is the way in (a watcher per method, see sites.py): a call is
made exactly once, what the profiler raises is noted in the session and goes no further, rows wait in
bounded memory for the writer thread.

    from vscope_hooks.profiler import Column, Profiler, after

    class FreeBlocks(Profiler):
        row = "free KV blocks after each scheduled batch"
        columns = [Column("free_blocks", int, unit="KV blocks")]

        @after("vllm.v1.core.sched.scheduler:Scheduler.schedule")
        def scheduled(self, call):
            pool = call.args[0].kv_cache_manager.block_pool
            self.add(call, free_blocks=pool.get_num_free_blocks())

The methods run on vLLM's own threads, between its own lines: what they take, vLLM has not. Keep no
reference to a call or to what it holds (its tensors would stay in memory), and wait for no device.
"""

import math
import operator
import re
import signal

from .passes import passes_of
from .sites import Watcher
from .steps import number_of

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")
_SYMBOL = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*\Z")
# Where a word of a class's name begins.
_WORDS = re.compile(r"(?<!^)(?=[A-Z][a-z])|(?<=[a-z0-9])(?=[A-Z])")
_TYPES = {int: "integer", float: "number", bool: "boolean", str: "text"}

# Columns that every table has: seconds since the session began, the engine's step where it is known,
# rank and pid of the process.
OURS = ("timestamp_sec", "step", "rank", "pid")
MOST_COLUMNS = 32
# A longer text is cut, so that waiting rows stay within bounds.
MOST_CHARACTERS = 200


class Column:
    """A column: its name, its type (int, float, bool or str), its unit and what it holds.

    Values are None where there is none. A number that is not finite is left out as well.
    """

    def __init__(self, name, type, unit=None, doc=None):
        self.name = name
        self.type = _TYPES.get(type, type)
        self.unit = unit
        self.doc = doc

    def trouble(self):
        """What is wrong with it, or None."""
        if not isinstance(self.name, str) or not _NAME.match(self.name):
            return "a column is named %r; use small letters, digits and _" % (self.name,)
        if self.name in OURS or self.name in ("call", "at", "self"):
            return "the column name %s is vscope's own; choose another" % self.name
        if self.type not in _TYPES.values():
            return "column %s has the type %r; give int, float, bool or str" % (self.name, self.type)
        for what in ("unit", "doc"):
            value = getattr(self, what)
            if value is not None and not isinstance(value, str):
                return "the %s of column %s is %r; give a text" % (what, self.name, value)
        return None

    def cell(self, value):
        """The value as the table's text. Raises TypeError where it is not of the column's type."""
        kind = self.type
        # What most calls give, ahead of all the questions.
        if type(value) is int and kind == "integer":
            return value
        if value is None:
            return None
        if kind == "number":
            # What lives on a device is not waited for.
            if isinstance(value, (int, float)) or _is_number(value):
                value = float(value)
                return repr(value) if math.isfinite(value) else None
        elif kind == "integer":
            if isinstance(value, int) or _is_number(value):
                return str(int(operator.index(value)))
        elif kind == "boolean":
            if isinstance(value, bool):
                return "true" if value else "false"
        elif isinstance(value, str):
            return value if len(value) <= MOST_CHARACTERS else value[: MOST_CHARACTERS - 1] + "…"
        hint = "; a tensor has to be read by who made it" if _is_tensor(value) else ""
        raise TypeError(
            "column %s is declared %s and was given a %s%s"
            % (self.name, kind, type(value).__name__, hint)
        )


def _is_tensor(value):
    return type(value).__module__.partition(".")[0] == "torch"


def _is_number(value):
    return not isinstance(value, str) and not _is_tensor(value) and hasattr(value, "__float__")


class Call:
    """A call of a watched method: `args` (with self), `kwargs`; behind it `result`, `start`, `end`.

    start and end are values of time.perf_counter(); before the call they and `result` are None.
    """

    __slots__ = ("args", "kwargs", "result", "start", "end", "_recorder")

    def __init__(self, recorder, args, kwargs, result=None, start=None, end=None):
        self._recorder = recorder
        self.args = args
        self.kwargs = kwargs
        self.result = result
        self.start = start
        self.end = end

    def argument(self, position, name):
        """The argument of that name, however it was passed; self is at position 0."""
        return self.args[position] if len(self.args) > position else self.kwargs[name]

    @property
    def duration_ms(self):
        """How long the call took, in milliseconds."""
        return 1e3 * (self.end - self.start)

    @property
    def step(self):
        """The engine's step that the call belongs to, or None where it cannot be told.

        It rides on vLLM's SchedulerOutput: the call's result or one of its arguments; within a forward
        pass it is the pass's.
        """
        number = number_of(self.result)
        if number is not None:
            return number
        for value in self.args[1:3]:
            number = number_of(value)
            if number is not None:
                return number
        if self.kwargs:
            number = number_of(self.kwargs.get("scheduler_output"))
            if number is not None:
                return number
        passes = passes_of(self._recorder)
        return passes.step.number if passes.real else None


def after(*symbols, needs=()):
    """Has the method called behind each call of these vLLM methods, written "module:Class.method".

    Several are names that one thing has in several vLLM: those that are there are watched. `needs` are
    parameters that the method must have; where one is missing the hook is absent.
    """
    return _watch("after", symbols, needs)


def before(*symbols, needs=()):
    """The same, ahead of each call."""
    return _watch("before", symbols, needs)


def _watch(when, symbols, needs):
    needs = (needs,) if isinstance(needs, str) else tuple(needs)

    def mark(method):
        method._vscope_watches = getattr(method, "_vscope_watches", ()) + tuple(
            (when, symbol, needs) for symbol in symbols
        )
        return method

    return mark


class Profiler:
    """Subclass it; one object of it is made in every vLLM process.

    name: of the profiler and its table; without one the class's name, as free_blocks for FreeBlocks.
    row: what a row is, in a few words. columns: the table's, without vscope's own. version: raise it
    when the columns change their meaning.
    """

    name = None
    row = None
    columns = ()
    version = 1

    # What modules of profilers have in capitals; nothing but --profiler brings one of these in.
    TOGGLE = None

    @property
    def NAME(self):
        return self.name or _WORDS.sub("_", type(self).__name__).lower()

    def watchers(self, recorder):
        """The methods that it watches, as every profiler's module tells them."""
        self._recorder = recorder
        names = tuple(column.name for column in self.columns)
        table = recorder.table(self.NAME, ("timestamp_sec",) + names + ("step",), plain=True)
        self._put = table.add
        self._cells = [(column.name, column.cell) for column in self.columns]
        self._names = frozenset(names)
        recorder.declare(self.NAME, self.declaration())
        return [self._watcher(*watch) for watch in self._watches()]

    def add(self, call, **cells):
        """Adds a row; columns that are not named are empty.

        call: the call that it is of, which gives its time and its step; None for neither.
        Raises TypeError for a column that was not declared, and for a value of another type.
        """
        given = cells.get
        row = [cell(given(name)) for name, cell in self._cells]
        if len(cells) > len(row) or not self._names.issuperset(cells):
            strange = sorted(set(cells) - self._names)
            raise TypeError("%s has no column %s" % (self.NAME, ", ".join(strange)))
        at = step = None
        if call is not None:
            at, step = call.end, call.step
        self._put(("%.6f" % self._recorder.seconds(at), *row, step))

    def declaration(self):
        """What the bundle says of its table."""
        return {
            "profiler": self.NAME,
            "version": self.version,
            "row": self.row or "a row of %s" % self.NAME,
            "symbols": sorted({symbol for _, symbol, _, _ in self._watches()}),
            "columns": [
                {
                    key: value
                    for key, value in (
                        ("name", column.name),
                        ("type", column.type),
                        ("unit", column.unit),
                        ("doc", column.doc),
                    )
                    if value is not None
                }
                for column in self.columns
            ],
        }

    def trouble(self):
        """What is wrong with how it is declared, or None."""
        name, columns = self.NAME, self.columns
        if not isinstance(name, str) or not _NAME.match(name):
            return "its name is %r; use small letters, digits and _" % (name,)
        if not isinstance(self.version, int) or isinstance(self.version, bool) or self.version < 1:
            return "its version is %r; give 1, 2, …" % (self.version,)
        if self.row is not None and not isinstance(self.row, str):
            return "row is %r; say in a text what a row is" % (self.row,)
        if not isinstance(columns, (list, tuple)) or not columns:
            return 'it declares no columns; give columns = [Column("free_blocks", int)]'
        if len(columns) > MOST_COLUMNS:
            return "it declares %d columns; %d are the most" % (len(columns), MOST_COLUMNS)
        for column in columns:
            if not isinstance(column, Column):
                return "columns holds %r, which is no Column" % (column,)
            if column.trouble():
                return column.trouble()
        names = [column.name for column in columns]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            return "the column %s is declared twice" % twice[0]
        if not self._watches():
            return 'it watches nothing; put @after("module:Class.method") above one of its methods'
        for _, symbol, _, _ in self._watches():
            if not isinstance(symbol, str) or not _SYMBOL.match(symbol):
                return 'it watches %r; write a symbol as "vllm.module:Class.method"' % (symbol,)
        return None

    def _watches(self):
        """(when, symbol, needs, bound method) of each method that was marked."""
        found = []
        for name in dir(type(self)):
            marks = getattr(getattr(type(self), name, None), "_vscope_watches", ())
            found += [(*mark, getattr(self, name)) for mark in marks]
        return found

    def _watcher(self, when, symbol, needs, method):
        recorder = self._recorder
        module, path = symbol.split(":")
        if when == "before":

            def heard_before(args, kwargs):
                try:
                    method(Call(recorder, args, kwargs))
                except BaseException as error:
                    _refuse(error)

            return Watcher(self.NAME, module, path, before=heard_before, needs=needs)

        def heard(args, kwargs, result, start, end):
            try:
                method(Call(recorder, args, kwargs, result, start, end))
            except BaseException as error:
                _refuse(error)

        return Watcher(self.NAME, module, path, after=heard, needs=needs)


def _refuse(error):
    """Raises again what a method of the profiler raised: what would end vLLM as an error of the profiler.

    vLLM ends itself by what its signal handlers raise, wherever the process is at that moment; that goes on, as
    Ctrl-C does.
    """
    if isinstance(error, (Exception, KeyboardInterrupt)) or _by_signal(error.__traceback__):
        raise error
    raise RuntimeError("it raised %s" % ": ".join(filter(None, (type(error).__name__, str(error)))))


def _by_signal(trace):
    handlers = [signal.getsignal(number) for number in signal.valid_signals()]
    codes = [getattr(handler, "__code__", None) for handler in handlers]
    while trace:
        if trace.tb_frame.f_code in codes:
            return True
        trace = trace.tb_next
    return False
