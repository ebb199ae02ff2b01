"""Cached KV blocks that were given up to make room: how long each lived, and how long it lay idle.

vLLM tells a metrics collector of its block pool when a block is allocated, used again and given out anew.
It calls the last an eviction, also where the block was never in the prefix cache: the last one of a request, which is not
full, is so each time. Here only a block with a hash is evicted (BlockPool._maybe_evict_cached_block).
Ours takes the place of the user's and hands everything on to it; unlike vLLM's own it follows every
block, not one in a hundred.
"""

from operator import sub
from time import perf_counter

from ..sites import Watcher

NAME = "kv_eviction"
TOGGLE = "ENABLE_KV_CACHE_TRACKING"

COLUMNS = ("timestamp_sec", "lifetime_sec", "idle_sec", "access_count", "block_id")


class Residency:
    """A collector with the interface of vllm.v1.core.kv_cache_metrics.KVCacheMetricsCollector.

    Memory: a number per block of the pool, three where it was used again. On a full pool a block is evicted
    for each that is allocated, several a step: what vLLM calls are functions that have at hand what they need.
    """

    sample_rate = 1.0

    def __init__(self, recorder, put, blocks, other=None):
        self._other = other
        # When each block was allocated, and of those that were used again (when last, how often).
        self._born = born = [None] * blocks
        self._used = used = {}

        def on_block_allocated(block):
            try:
                born[block.block_id] = perf_counter()
            except IndexError:
                # A pool that has grown: its new blocks are not followed.
                pass

        def on_block_accessed(block):
            number = block.block_id
            if number < len(born) and born[number] is not None:
                used[number] = (perf_counter(), used.get(number, (0, 0))[1] + 1)

        def on_block_evicted(block):
            number = block.block_id
            try:
                since = born[number]
            except IndexError:
                return
            born[number] = None
            last, count = used.pop(number, (since, 0)) if used else (since, 0)
            if since is not None and block.block_hash is not None and not recorder.paused:
                put((perf_counter(), since, last, count, number))

        self.on_block_allocated = _both(on_block_allocated, other)
        self.on_block_accessed = _both(on_block_accessed, other)
        self.on_block_evicted = _both(on_block_evicted, other)

    def reset(self):
        self._born[:] = [None] * len(self._born)
        self._used.clear()
        if self._other is not None:
            self._other.reset()

    def drain_events(self):
        return self._other.drain_events() if self._other is not None else []


class SharedResidency(Residency):
    """One that stands before a collector of the user's."""

    def __getattr__(self, name):
        # What we do not have ourselves is the user's collector's.
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._other, name)


def _both(ours, other):
    """What calls ours, and behind it the other collector's function of the same name, if there is one."""
    if other is None:
        return ours
    name = ours.__name__

    def tell(block):
        ours(block)
        getattr(other, name)(block)

    return tell


def complete(cells):
    evicted, born, used = cells[0::5], cells[1::5], cells[2::5]
    cells[1::5] = map(sub, evicted, born)
    cells[2::5] = map(sub, evicted, used)


def watchers(recorder):
    put = recorder.timeline("kv_cache_evictions", COLUMNS, complete).put

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
        if not hasattr(getattr(pool, "null_block", None), "block_hash"):
            recorder.hook(
                NAME,
                "vllm.v1.core.kv_cache_utils:KVCacheBlock.block_hash",
                "absent",
                "this vLLM's KV blocks do not tell whether they are cached",
            )
            return
        other = pool.metrics_collector
        kind = Residency if other is None else SharedResidency
        pool.metrics_collector = kind(recorder, put, pool.num_gpu_blocks, other)

    return [
        Watcher(NAME, "vllm.v1.core.sched.scheduler", "Scheduler.__init__", after=after_init)
    ]
