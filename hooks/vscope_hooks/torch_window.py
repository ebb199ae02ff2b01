"""Brackets one call of LLM.generate (chat, embed, ...) with vLLM's own profiler.

VSCOPE_TORCH_WINDOW holds a JSON document: `control` (a folder), `call` (which call, from 1) and
`config` (fields of ProfilerConfig). An engine that is built without a profiler gets that
configuration; one that has its own keeps it. `engine` may hold fields of EngineArgs for an engine
that leaves them as they are. A script that calls start_profile itself is left alone. In the control folder, `window.json` says how far it is, and a file `stop` ends it.
"""

import functools
import json
import os
import sys
import threading
import time

from .imports import when_imported
from .session import write_json

CALLS = (
    "generate",
    "chat",
    "wait_for_completion",
    "beam_search",
    "encode",
    "embed",
    "classify",
    "reward",
    "score",
)
# The file `stop` is looked for this often.
LOOK_SECONDS = 0.1

_window = None


def activate():
    """Wraps vLLM's classes, now or as soon as they are imported. Called in every process."""
    global _window
    if _window is not None:
        return
    _window = Window(json.loads(os.environ["VSCOPE_TORCH_WINDOW"]))
    when_imported(_window, "vllm.engine.arg_utils", _window.watch_configuration)
    when_imported(_window, "vllm.entrypoints.llm", _window.watch_calls)
    when_imported(_window, "vllm.v1.engine.llm_engine", _window.watch_steps)


class Window:
    """The window and how far it is: waiting, recording, flushing, done, left_alone or failed."""

    def __init__(self, asked):
        self.control = asked["control"]
        self.call = asked["call"]
        self.config = asked["config"]
        self.engine = asked.get("engine") or {}
        # imports.py lets a recorder call what waits here; without one nobody does, and nobody has to.
        self.ticks = []
        self.state = "waiting"
        self.facts = {"pid": os.getpid()}
        self.calls = 0
        self.depth = 0
        self.thread = None
        self.looked = 0.0
        # True while we ourselves call the profiler.
        self.ours = False

    # What vLLM is told.

    def watch_configuration(self):
        owner = sys.modules["vllm.engine.arg_utils"].EngineArgs
        original = owner.create_engine_config

        @functools.wraps(original)
        def create_engine_config(args, *more, **named):
            self.guard(self.configure, args)
            self.guard(self.configure_engine, args)
            return original(args, *more, **named)

        owner.create_engine_config = create_engine_config

    def configure(self, args):
        if not self.config or not hasattr(args, "profiler_config"):
            return
        own = args.profiler_config
        if isinstance(own, dict):
            if own.get("profiler") is None:
                args.profiler_config = dict(self.config, **own)
            self.facts["config"] = dict(args.profiler_config)
            return
        if own is None or getattr(own, "profiler", None) is None:
            from vllm.config import ProfilerConfig

            known = getattr(ProfilerConfig, "__dataclass_fields__", None) or self.config
            args.profiler_config = ProfilerConfig(
                **{name: value for name, value in self.config.items() if name in known}
            )
            self.facts["config"] = dict(self.config)
        else:
            names = ("profiler", "torch_profiler_dir", "delay_iterations", "max_iterations")
            self.facts["config"] = {name: getattr(own, name, None) for name in names}
            self.facts["configured_by"] = "script"
            if own.profiler != self.config.get("profiler", "torch"):
                self.leave_alone("the script configures the profiler %r" % own.profiler)

    def configure_engine(self, args):
        """Sets what the script has not: a KV cache of another size is its own affair altogether."""
        asked = dict(self.engine)
        if getattr(args, "num_gpu_blocks_override", None) is not None:
            asked.pop("kv_cache_memory_bytes", None)
        unset = (None, False)
        if getattr(args, "kv_cache_memory_bytes", False) is not None:
            asked.pop("kv_cache_memory_bytes", None)
        if "kv_cache_memory_bytes" not in asked:
            asked.pop("max_model_len", None)
        given = {}
        for name, value in asked.items():
            if hasattr(args, name) and getattr(args, name) in unset:
                setattr(args, name, value)
                given[name] = value
        if given:
            self.facts["engine"] = given

    # Which call is recorded.

    def watch_calls(self):
        owner = sys.modules["vllm.entrypoints.llm"].LLM
        for name in CALLS:
            original = getattr(owner, name, None)
            if callable(original):
                setattr(owner, name, self.around(original))
        for name in ("start_profile", "stop_profile"):
            original = getattr(owner, name, None)
            if callable(original):
                setattr(owner, name, self.noticed(original))

    def around(self, original):
        @functools.wraps(original)
        def watched(llm, *args, **kwargs):
            entered = self.guard(self.enter)
            begun = self.guard(self.begin, llm) if entered == "first" else None
            try:
                return original(llm, *args, **kwargs)
            finally:
                if begun:
                    self.guard(self.end, llm, "the script's call had ended")
                if entered:
                    self.depth -= 1

        return watched

    def noticed(self, original):
        """start_profile or stop_profile: called by anybody but us, the profiler is the script's."""

        @functools.wraps(original)
        def watched(llm, *args, **kwargs):
            if not self.ours:
                self.guard(self.step_aside, llm)
            return original(llm, *args, **kwargs)

        return watched

    def step_aside(self, llm):
        if self.state == "recording":
            self.end(llm, "the script's call had ended")
        self.leave_alone("the script starts the profiler itself")

    def enter(self):
        """Counts a call; "first" for the one to record, "inner" for one within another."""
        self.depth += 1
        if self.depth > 1:
            return "inner"
        self.calls += 1
        self.facts["calls"] = self.calls
        if self.state != "waiting":
            return "other"
        if self.calls != self.call:
            self.say("waiting")
            return "other"
        if _mentions_profiler():
            self.leave_alone("the script starts the profiler itself")
            return "other"
        return "first"

    def begin(self, llm):
        self.say("recording", started=time.time())
        self.began = time.perf_counter()
        self.thread = threading.get_ident()
        try:
            self.control_profiler(llm, "start_profile")
        except Exception as error:
            self.say("failed", reason="%s: %s" % (type(error).__name__, error))
            return False
        return True

    def end(self, llm, why):
        if self.state != "recording":
            return
        seconds = time.perf_counter() - self.began
        self.say("flushing", ended=why, seconds=seconds)
        try:
            self.control_profiler(llm, "stop_profile")
        except Exception as error:
            self.say("failed", reason="%s: %s" % (type(error).__name__, error))
            return
        self.say("done", flush_seconds=time.perf_counter() - self.began - seconds)

    def control_profiler(self, owner, name):
        self.ours = True
        try:
            getattr(owner, name)()
        finally:
            self.ours = False

    # vscope may end it from outside.

    def watch_steps(self):
        owner = sys.modules["vllm.v1.engine.llm_engine"].LLMEngine
        original = owner.step

        @functools.wraps(original)
        def step(engine, *args, **kwargs):
            result = original(engine, *args, **kwargs)
            if self.state == "recording" and self.thread == threading.get_ident():
                self.guard(self.look, engine)
            return result

        owner.step = step

    def look(self, engine):
        now = time.perf_counter()
        if now - self.looked < LOOK_SECONDS:
            return
        self.looked = now
        if os.path.exists(os.path.join(self.control, "stop")):
            # LLMEngine has the same stop_profile as LLM.
            self.end(engine, "vscope stopped it")

    # How far it is.

    def leave_alone(self, reason):
        if self.state != "left_alone":
            self.say("left_alone", reason=reason)

    def say(self, state, **facts):
        self.state = state
        self.facts.update(facts, state=state)
        self.facts["pid"] = os.getpid()
        write_json(os.path.join(self.control, "window.json"), self.facts)

    def guard(self, call, *args):
        """What goes wrong here is written down and goes no further."""
        try:
            return call(*args)
        except Exception as error:
            try:
                self.say("failed", reason="%s: %s" % (type(error).__name__, error))
            except Exception:
                self.state = "failed"
            return None


def _mentions_profiler():
    """Whether the program's own file speaks of start_profile."""
    path = getattr(sys.modules.get("__main__"), "__file__", None)
    if not path:
        return False
    try:
        with open(path, encoding="utf-8", errors="replace") as handle:
            return "start_profile" in handle.read()
    except OSError:
        return False
