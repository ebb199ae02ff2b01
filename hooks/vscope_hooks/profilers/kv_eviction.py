"""Cached KV blocks that were given up to make room: how long each lived, and how long it lay idle.

vLLM tells a metrics collector of its block pool when a block is allocated, used again and evicted.
Ours takes the place of the user's and hands everything on to it; unlike vLLM's own it follows every
block, not one in a hundred.
"""

from time import perf_counter

from ..sites import Watcher

NAME = "kv_eviction"
TOGGLE = "ENABLE_KV_CACHE_TRACKING"

COLUMNS = ("timestamp_sec", "lifetime_sec", "idle_sec", "access_count", "block_id")


class Residency:
    """A collector with the interface of vllm.v1.core.kv_cache_metrics.KVCacheMetricsCollector.

    Memory: a number per block of the pool, three where it was used again. A call that fails is noted and takes nothing from
    vLLM.
    """

    sample_rate = 1.0

    def __init__(self, recorder, table, other):
        self._recorder = recorder
        self._table = table
        self._other = other
        # When each block was allocated, and of those that were used again (when last, how often).
        self._born = {}
        self._used = {}

    def __getattr__(self, name):
        # What we do not have ourselves is the user's collector's.
        if name.startswith("__") or self._other is None:
            raise AttributeError(name)
        return getattr(self._other, name)

    def on_block_allocated(self, block):
        self._born[block.block_id] = perf_counter()
        if self._other is not None:
            self._other.on_block_allocated(block)

    def on_block_accessed(self, block):
        number = block.block_id
        if number in self._born:
            self._used[number] = (perf_counter(), self._used.get(number, (0, 0))[1] + 1)
        if self._other is not None:
            self._other.on_block_accessed(block)

    def on_block_evicted(self, block):
        number = block.block_id
        born = self._born.pop(number, None)
        used, count = self._used.pop(number, (born, 0))
        if born is not None and not self._recorder.paused:
            now = perf_counter()
            self._table.add((self._recorder.seconds(now), now - born, now - used, count, number))
        if self._other is not None:
            self._other.on_block_evicted(block)

    def reset(self):
        self._born.clear()
        self._used.clear()
        if self._other is not None:
            self._other.reset()

    def drain_events(self):
        return self._other.drain_events() if self._other is not None else []


def watchers(recorder):
    table = recorder.table("kv_cache_evictions", COLUMNS)

    def after_init(args, kwargs, result, start, end):
        pool = args[0].kv_cache_manager.block_pool
        if not hasattr(pool, "metrics_collector"):
            recorder.hook(
                NAME,
                "vllm.v1.core.block_pool:BlockPool.metrics_collector",
                "absent",
                "this vLLM's block pool has no metrics collector",
            )
            return
        pool.metrics_collector = Residency(recorder, table, pool.metrics_collector)

    return [
        Watcher(NAME, "vllm.v1.core.sched.scheduler", "Scheduler.__init__", after=after_init)
    ]
