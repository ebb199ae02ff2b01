"""What happens to each request in the engine.

Events: queued, scheduled, first_token, preempted, resumed, finished.
"""

from ..sites import Watcher, argument
from .scheduler_steps import steps_of

NAME = "request_lifecycle"
TOGGLE = "ENABLE_PREEMPTION_TRACKING"

MODULE = "vllm.v1.core.sched.scheduler"
COLUMNS = (
    "timestamp_sec",
    "request_id",
    "event",
    "status",
    "prompt_tokens",
    "cached_tokens",
    "generated_tokens",
    "computed_tokens",
    "num_preemptions",
    "recent_steps",
    "reason",
    "free_blocks",
)


def watchers(recorder):
    steps = steps_of(recorder)
    table = recorder.table("request_events", COLUMNS)
    # Tokens that the prefix cache saved at the first schedule, per request that is alive.
    cached = {}
    # Requests that have no output token yet.
    silent = set()

    def event(at, name, kind, status=None, **counts):
        table.add(
            (recorder.seconds(at), name, kind, status)
            + tuple(counts.get(column) for column in COLUMNS[4:])
        )

    def after_add(args, kwargs, result, start, end):
        request = argument(args, kwargs, 1, "request")
        if request.request_id not in cached:
            event(start, request.request_id, "queued", prompt_tokens=request.num_prompt_tokens)

    def after_schedule(args, kwargs, output, start, end):
        for request in output.scheduled_new_reqs:
            # The V2 model runner is told of a resumed request as if it were new.
            if request.req_id in cached:
                event(end, request.req_id, "resumed")
            else:
                cached[request.req_id] = request.num_computed_tokens
                silent.add(request.req_id)
                event(end, request.req_id, "scheduled", cached_tokens=request.num_computed_tokens)
        for name in getattr(output.scheduled_cached_reqs, "resumed_req_ids", ()):
            event(end, name, "resumed")

    def before_preempt(args, kwargs):
        request = argument(args, kwargs, 1, "request")
        pool = getattr(getattr(args[0], "kv_cache_manager", None), "block_pool", None)
        event(
            None,
            request.request_id,
            "preempted",
            computed_tokens=request.num_computed_tokens,
            generated_tokens=request.num_output_tokens,
            reason="kv_cache_full" if steps.scheduling else "cache_reset",
            free_blocks=pool.get_num_free_blocks() if pool is not None else None,
        )

    def after_update(args, kwargs, result, start, end):
        if not silent:
            return
        requests = args[0].requests
        for name in [name for name in silent if name in requests]:
            if requests[name].num_output_tokens:
                silent.discard(name)
                event(end, name, "first_token")

    def after_free(args, kwargs, result, start, end):
        request = argument(args, kwargs, 1, "request")
        name = request.request_id
        status = request.status.name.replace("FINISHED_", "").lower()
        saved = cached.pop(name, None)
        if name in silent:
            silent.discard(name)
            if request.num_output_tokens:
                event(end, name, "first_token")
        in_flight = getattr(request, "num_in_flight_tokens", 0)
        reached = max(request.num_computed_tokens - in_flight, steps.computed.get(name, 0))
        event(
            end,
            name,
            "finished",
            status,
            prompt_tokens=request.num_prompt_tokens,
            cached_tokens=saved,
            generated_tokens=request.num_output_tokens,
            computed_tokens=None if saved is None else max(0, reached - saved),
            num_preemptions=getattr(request, "num_preemptions", None),
            # Where a stop string ended the request, the client saw fewer tokens than the engine
            # made; these steps tell which of them were for nothing.
            recent_steps=steps.recent_of(name) if status == "aborted" else None,
        )

    return [
        Watcher(NAME, MODULE, "Scheduler.add_request", after=after_add, needs=("request",)),
        Watcher(NAME, MODULE, "Scheduler.schedule", after=after_schedule),
        Watcher(
            NAME, MODULE, "Scheduler._preempt_request", before=before_preempt, needs=("request",)
        ),
        Watcher(NAME, MODULE, "Scheduler.update_from_output", after=after_update),
        Watcher(NAME, MODULE, "Scheduler._free_request", after=after_free, needs=("request",)),
    ]
