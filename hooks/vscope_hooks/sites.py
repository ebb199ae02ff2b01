"""Wrapping a vLLM method so that profilers can watch it.

One wrapper per method, however many profilers watch it. The wrapper calls the original exactly
once with the arguments it was given, and returns what it returned; what a watcher raises is noted
in the session and goes no further.
"""

import functools
import inspect
import sys
from time import perf_counter

from .imports import when_imported

# A watcher that fails this often is taken off, so that its failures cost nothing either.
GIVE_UP_AFTER = 20


# Where a wrapper keeps the symbol that it was made for.
_MARK = "_vscope_symbol"

# What calls compiled code and is never part of it: there nobody asks whether a call is traced.
OUTSIDE = frozenset(
    (
        "Scheduler.schedule",
        "Scheduler.update_from_output",
        "GPUModelRunner.execute_model",
        "GPUModelRunner._prepare_inputs",
        "GPUModelRunner.prepare_inputs",
        "GPUModelRunner.sample_tokens",
        "ModelCudaGraphManager.run_fullgraph",
        "OutputProcessor.process_outputs",
    )
)

# One call in so many is timed, to know what a profiler costs.
COST_SAMPLE = 64


class Watcher:
    """A profiler's interest in one method.

    before(args, kwargs) runs ahead of the original; after(args, kwargs, result, start, end) runs
    when it has returned, with time.perf_counter() values. `needs` are the parameters that the
    watcher reads: where the method lacks one, the hook is absent. attached() is called once it is
    in place. skip(args), which must not fail, is asked first: True where this call has
    nothing for the watcher. One that is asleep is in place and called only after wake().
    """

    def __init__(
        self,
        profiler,
        module,
        path,
        before=None,
        after=None,
        needs=(),
        attached=None,
        skip=None,
        asleep=False,
    ):
        self.profiler = profiler
        self.module = module
        self.path = path
        self.before = before
        self.after = after
        self.needs = needs
        self.attached = attached
        self.skip = skip
        self.asleep = asleep
        self.site = None
        self.failures = 0

    def wake(self):
        """From now on it is told of calls."""
        if self.asleep:
            self.asleep = False
            if self.site is not None:
                self.site.refresh()

    @property
    def symbol(self):
        return "%s:%s" % (self.module, self.path)


class Site:
    """A wrapped method and those who watch it."""

    # What every call needs lies together: after a step of vLLM it is no longer in the processor's caches.
    __slots__ = ("idle", "skip", "left", "before", "after", "recorder", "watchers", "owners")

    def __init__(self, recorder):
        self.recorder = recorder
        self.watchers = []
        # Whose each before and after is.
        self.owners = {}
        # Calls until one is timed.
        self.left = COST_SAMPLE
        # What is called now: without watchers that were taken off, or whose profiler is muted.
        self.before = ()
        self.after = ()
        # Asked before the only watcher of a method, where that one can skip calls.
        self.skip = None
        # Nobody is told of calls, or the session is paused.
        self.idle = True

    def add(self, watcher):
        watcher.site = self
        for name in ("before", "after"):
            call = getattr(watcher, name)
            if call in self.owners:
                # A function that is there already has to be told from itself.
                call = functools.partial(call)
                setattr(watcher, name, call)
            if call is not None:
                self.owners[call] = watcher
        self.watchers.append(watcher)
        self.refresh()

    def refresh(self):
        """Takes up a change of the watchers, of the profilers that are muted, or of the pause."""
        heard = [
            watcher
            for watcher in self.watchers
            if not watcher.asleep
            and watcher.failures < GIVE_UP_AFTER
            and watcher.profiler not in self.recorder.muted
        ]
        self.before = tuple(watcher.before for watcher in heard if watcher.before)
        self.after = tuple(watcher.after for watcher in heard if watcher.after)
        self.skip = heard[0].skip if len(heard) == 1 else None
        self.idle = self.recorder.paused or not (self.before or self.after)

    def carry_on(self, calls, failed, error, args):
        """One of those calls has failed: the others behind it are made."""
        rest = calls[calls.index(failed) + 1 :]
        self.failed(self.owners[failed], error)
        for call in rest:
            try:
                call(*args)
            except Exception as error:
                self.failed(self.owners[call], error)

    def failed(self, watcher, error):
        watcher.failures += 1
        reason = "%s: %s (%d times)" % (type(error).__name__, error, watcher.failures)
        if watcher.failures >= GIVE_UP_AFTER:
            self.refresh()
            reason += ", taken off"
        self.recorder.hook(watcher.profiler, watcher.symbol, "failed", reason)


def attach(recorder, watchers):
    """Attaches watchers now, or as soon as their module has been imported."""
    for watcher in watchers:
        when_imported(recorder, watcher.module, functools.partial(_attach, recorder, watcher))


def _attach(recorder, watcher):
    try:
        owner, name = _owner(watcher)
        # None has methods too, but where the class has gone they are not meant.
        method = None if owner is None else getattr(owner, name, None)
        missing = _missing(method, watcher.needs) if callable(method) else ["(no such method)"]
        if missing:
            reason = "this vLLM's %s lacks %s" % (watcher.symbol, ", ".join(missing))
            recorder.hook(watcher.profiler, watcher.symbol, "absent", reason)
            return
        elsewhere = _watched_elsewhere(watcher, owner, name, method)
        if elsewhere:
            reason = "calls of it are seen at %s" % elsewhere
            recorder.hook(watcher.profiler, watcher.symbol, "absent", reason)
            return
        site = recorder.sites.get(watcher.symbol)
        if site is None:
            site = recorder.sites[watcher.symbol] = Site(recorder)
            wrapper = _wrapper(method, site, watcher.path in OUTSIDE)
            setattr(wrapper, _MARK, watcher.symbol)
            setattr(owner, name, wrapper)
        site.add(watcher)
        if watcher.attached:
            watcher.attached()
        recorder.hook(watcher.profiler, watcher.symbol, "attached")
    except Exception as error:
        reason = "%s: %s" % (type(error).__name__, error)
        recorder.hook(watcher.profiler, watcher.symbol, "failed", reason)


def _owner(watcher):
    owner = sys.modules[watcher.module]
    *parents, name = watcher.path.split(".")
    for parent in parents:
        owner = getattr(owner, parent, None)
    return owner, name


def _watched_elsewhere(watcher, owner, name, method):
    """The other symbol at which the method's calls are seen already: a second look would count twice.

    So it is with what a class inherits, with a function that was imported under another name, and
    with an override that calls the method which it overrides.
    """
    symbol = getattr(method, _MARK, None)
    if symbol not in (None, watcher.symbol):
        return symbol
    bases = owner.__mro__[1:] if isinstance(owner, type) else ()
    symbols = [getattr(base.__dict__.get(name), _MARK, None) for base in bases]
    names = getattr(getattr(inspect.unwrap(method), "__code__", None), "co_names", ())
    # A constructor is done when the last of its line is.
    if name != "__init__" and "super" in names and name in names:
        return next((symbol for symbol in symbols if symbol), None)
    return None


def _missing(original, needs):
    if not needs:
        return []
    parameters = inspect.signature(original).parameters
    return [name for name in needs if name not in parameters]


def _tracer():
    """Tells whether torch.compile traces the call instead of running it.

    Nothing of ours may become part of the compiled code: a look at the clock alone fails the
    compilation, and vLLM with it. torch.compile takes this function's answer for a constant.
    """
    compiler = getattr(sys.modules.get("torch"), "compiler", None)
    return getattr(compiler, "is_dynamo_compiling", None) or (lambda: False)


def _wrapper(original, site, outside):
    traced = None if outside else _tracer()

    @functools.wraps(original)
    def watched(*args, **kwargs):
        if (traced is not None and traced()) or site.idle:
            return original(*args, **kwargs)
        skip = site.skip
        if skip is not None and skip(args):
            return original(*args, **kwargs)
        left = site.left = site.left - 1
        if left <= 0:
            return _timed(original, site, args, kwargs)
        watchers = site.before
        if watchers:
            try:
                for call in watchers:
                    call(args, kwargs)
            except Exception as error:
                site.carry_on(watchers, call, error, (args, kwargs))
        start = perf_counter()
        result = original(*args, **kwargs)
        end = perf_counter()
        watchers = site.after
        try:
            for call in watchers:
                call(args, kwargs, result, start, end)
        except Exception as error:
            site.carry_on(watchers, call, error, (args, kwargs, result, start, end))
        return result

    return watched


def _timed(original, site, args, kwargs):
    """The same as the wrapper, with a look at the clock around each watcher, and one at what waits in memory."""
    site.left = COST_SAMPLE
    site.recorder.keep_limits()
    _time_each(site, site.before, (args, kwargs))
    start = perf_counter()
    result = original(*args, **kwargs)
    end = perf_counter()
    _time_each(site, site.after, (args, kwargs, result, start, end))
    return result


def _time_each(site, calls, args):
    for call in calls:
        watcher = site.owners[call]
        began = perf_counter()
        try:
            call(*args)
        except Exception as error:
            site.failed(watcher, error)
        site.recorder.cost.spent(watcher.profiler, COST_SAMPLE * (perf_counter() - began))


def argument(args, kwargs, position, name):
    """The argument of that name, or at that position (self is 0)."""
    return args[position] if len(args) > position else kwargs[name]
