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

    Memory: three numbers per block of the pool. A call that fails is noted and takes nothing from
    vLLM.
    """

    sample_rate = 1.0

    def __init__(self, recorder, table, other):
        self._recorder = recorder
        self._table = table
        self._other = other
        self._blocks = {}

    def __getattr__(self, name):
        # What we do not have ourselves is the user's collector's.
        if name.startswith("__") or self._other is None:
            raise AttributeError(name)
        return getattr(self._other, name)

    def on_block_allocated(self, block):
        now = perf_counter()
        self._blocks[block.block_id] = [now, now, 0]
        if self._other is not None:
            self._other.on_block_allocated(block)

    def on_block_accessed(self, block):
        state = self._blocks.get(block.block_id)
        if state is not None:
            state[1] = perf_counter()
            state[2] += 1
        if self._other is not None:
            self._other.on_block_accessed(block)

    def on_block_evicted(self, block):
        state = self._blocks.pop(block.block_id, None)
        if state is not None and not self._recorder.paused:
            born, used, count = state
            now = perf_counter()
            self._table.add(
                (self._recorder.seconds(now), now - born, now - used, count, block.block_id)
            )
        if self._other is not None:
            self._other.on_block_evicted(block)

    def reset(self):
        self._blocks.clear()
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
