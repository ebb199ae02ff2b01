"""Each scheduled batch against the limits max_num_seqs and max_num_batched_tokens."""

from ..sites import Watcher
from .scheduler_steps import steps_of

NAME = "batch_utilization"
TOGGLE = "ENABLE_BATCH_UTILIZATION_TRACKING"

COLUMNS = (
    "timestamp_sec",
    "step",
    "num_seqs",
    "max_num_seqs",
    "scheduled_tokens",
    "max_tokens",
    "phase",
    "context_requests",
    "context_tokens",
    "generation_requests",
    "generation_tokens",
    "running_queue_len",
    "waiting_queue_len",
    "kv_tokens",
    "attention_pairs",
)


def watchers(recorder):
    steps = steps_of(recorder)
    put = recorder.timeline("batch_utilization", COLUMNS).put
    # The step that was seen last, and what it read.
    last, read = None, 0

    def after_schedule(args, kwargs, output, start, end):
        nonlocal last, read
        step = steps.current
        total = output.total_num_scheduled_tokens
        if step is None or not total:
            return
        scheduler = args[0]
        number, _, contexts, context_tokens, generations, generation_tokens = step
        if steps.same and last == number - 1:
            # The same requests, each a token further.
            read = pairs = read + total
        else:
            read, pairs = attention_of(scheduler, output)
        last = number
        running, waiting = queue_lengths(scheduler)
        put(
            (
                start,
                number,
                len(output.num_scheduled_tokens),
                scheduler.max_num_running_reqs,
                total,
                scheduler.max_num_scheduled_tokens,
                step.phase if contexts else "decode",
                contexts,
                context_tokens,
                generations,
                generation_tokens,
                running,
                waiting,
                read,
                pairs,
            )
        )

    return [
        Watcher(NAME, "vllm.v1.core.sched.scheduler", "Scheduler.schedule", after=after_schedule)
    ]


def queue_lengths(scheduler):
    """Requests running and waiting after the step was scheduled."""
    counts = getattr(scheduler, "get_request_counts", None)
    return counts() if counts else (len(scheduler.running), len(scheduler.waiting))


def attention_of(scheduler, output):
    """(tokens of KV cache that the step reads, pairs of a query and a key that it attends).

    A request with n new tokens and the length L after the step reads L, and attends
    n*L - n*(n - 1)/2 pairs (causal).
    """
    requests, running = scheduler.requests, scheduler.running
    scheduled = output.num_scheduled_tokens
    if output.total_num_scheduled_tokens == len(scheduled) == len(running):
        # All that run decode: looking none of them up by name takes half the time.
        read = sum([request.num_computed_tokens for request in running])
        return read, read
    read = pairs = 0
    for name, new in scheduled.items():
        # schedule() has already moved num_computed_tokens to the end of this step.
        length = requests[name].num_computed_tokens
        read += length
        pairs += length if new == 1 else new * length - new * (new - 1) // 2
    return read, pairs
