"""Measures what the hooks take of a step of fake_engine.py; prints one JSON document.

usage: step_cost.py ROUNDS STEPS

Each variant is measured against the same classes without wrappers, in turn: a round is STEPS steps of
each, and the lower quartile of all steps counts: what others on the machine take lies above it. `wrappers` are with all profilers muted, `needed` with those that the others need, a profiler
with these and itself. The writer's thread is stopped; what it does is called and timed between
the rounds, on this thread.
"""

import json
import os
import statistics
import sys
from time import perf_counter, process_time

import fake_engine
from outside import OUTSIDE

ALIVE = 128


def watched_methods():
    """(class, name, the method as it is now) of the classes' own methods."""
    classes = {cls for group in fake_engine.MODULES.values() for cls in group}
    return [
        (cls, name, method)
        for cls in classes
        for name, method in vars(cls).items()
        if callable(method) and not name.startswith("__")
    ]


def least(figures):
    """The lower quartile."""
    return statistics.quantiles(figures, n=4)[0]


def put(methods):
    for cls, name, method in methods:
        setattr(cls, name, method)


def main():
    rounds, steps = map(int, sys.argv[1:])
    fake_engine.install()
    bare = watched_methods()
    from vscope_hooks import activation, plugin
    from vscope_hooks.profilers import gpu_timer
    from vscope_hooks.profilers.cuda_events import DriverEvents

    gpu_timer.events_of = lambda cuda: DriverEvents(fake_engine.Driver(), cuda)
    plugin.load()
    recorder = activation._recorder
    recorder._wake.set()
    recorder._thread.join()
    hooked = watched_methods()
    engine = fake_engine.Engine(ALIVE)
    pool = engine.scheduler.kv_cache_manager.block_pool
    residency = pool.metrics_collector
    names = sorted({watcher.profiler for site in recorder.sites.values() for watcher in site.watchers})

    def run(methods, collector):
        put(methods)
        pool.metrics_collector = collector
        for _ in range(5):
            engine.step()
        recorder._tick()
        taken = []
        for _ in range(steps):
            OUTSIDE.take()
            engine.step()
            taken.append(1e6 * OUTSIDE.take())
        return taken

    def written():
        start, before = perf_counter(), process_time()
        recorder._tick()
        return 1e6 * (process_time() - before) / steps, 1e3 * (perf_counter() - start)

    def rest(profilers):
        """As a pause of some profilers: the writer looks for it."""
        path = os.path.join(recorder.session, "paused")
        with open(path, "w", encoding="utf-8") as handle:
            handle.write("\n".join(profilers))
        if not profilers:
            os.unlink(path)
        recorder._tick()

    def measure(muted, collector):
        """Microseconds of a step: (on the engine's thread, on the writer's); milliseconds of a flush."""
        thread, writer, flush = {"bare": [], "hooked": []}, [], []
        rest(muted)
        put(hooked)
        pool.metrics_collector = collector
        # Until all blocks have been allocated before our eyes: from then on each that is evicted is a row.
        for _ in range(pool.num_gpu_blocks * fake_engine.BLOCK_SIZE // ALIVE):
            engine.step()
        for turn in range(rounds):
            for kind in ("bare", "hooked") if turn % 2 else ("hooked", "bare"):
                thread[kind].extend(run(*((bare, None) if kind == "bare" else (hooked, collector))))
                if kind == "hooked":
                    took, longest = written()
                    writer.append(took)
                    flush.append(longest)
        return [least(thread["hooked"]) - least(thread["bare"]), *map(least, (writer, flush))]

    needed = sorted(recorder.indispensable & set(names))
    found = {"all": measure([], residency), "wrappers": measure(names, None)}
    found["needed"] = measure([name for name in names if name not in needed], None)
    for name in names:
        if name not in needed:
            muted = [other for other in names if other not in (name, *needed)]
            found[name] = measure(muted, residency if name == "kv_eviction" else None)
    failed = [hook for hook in recorder.hooks.values() if hook["status"] == "failed"]
    recorder.close()
    print(json.dumps({"found": found, "failed": failed, "dropped": recorder._dropped()}))


main()
