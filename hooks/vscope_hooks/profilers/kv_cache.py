"""KV blocks in use, after each scheduled batch and when the last request has gone.

BlockPool.num_gpu_blocks counts a null block that never holds tokens: it is left out of the total.
A block that only the prefix cache still holds is free, as it is for vLLM's own kv_cache_usage.
"""

from ..sites import Watcher

NAME = "kv_cache"
TOGGLE = "ENABLE_KV_CACHE_TRACKING"

MODULE = "vllm.v1.core.sched.scheduler"
COLUMNS = ("timestamp_sec", "usage_pct", "num_blocks", "total_blocks")


def complete(cells):
    used, total = cells[2::4], cells[3::4]
    cells[1::4] = [100.0 * a / b if b else None for a, b in zip(used, total)]


def watchers(recorder):
    put = recorder.timeline("kv_cache_usage", COLUMNS, complete).put
    last = 0

    def sample(scheduler, at):
        nonlocal last
        pool = scheduler.kv_cache_manager.block_pool
        total = pool.num_gpu_blocks - 1
        last = total - pool.get_num_free_blocks()
        put((at, None, last, total))

    def after_schedule(args, kwargs, output, start, end):
        if output.total_num_scheduled_tokens:
            sample(args[0], end)

    def after_update(args, kwargs, result, start, end):
        if last and not args[0].requests:
            sample(args[0], end)

    return [
        Watcher(NAME, MODULE, "Scheduler.schedule", after=after_schedule),
        Watcher(NAME, MODULE, "Scheduler.update_from_output", after=after_update),
    ]
