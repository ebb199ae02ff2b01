"""What a scheduled batch is made of, and the name by which workers know it.

vLLM hands one SchedulerOutput per step to every worker. The step's name rides on that object as
an attribute (pickling keeps it), so that a worker's row and the scheduler's row of one step can be
joined whatever the executor, and vLLM's own warm-up batches, which no scheduler made, stand out.
"""

from typing import NamedTuple, Optional

ATTRIBUTE = "_vscope_step"
_UNMARKED = (None,)


class Newest:
    """The last step that was marked: a worker in the scheduler's process asks for it next."""

    __slots__ = ("mark",)

    def __init__(self):
        # (what was written on the object, its Step): in one, because threads may differ.
        self.mark = (None, None)


newest = Newest()


class Step(NamedTuple):
    """A batch: counts of requests and of new tokens, in prefill (context) and decode.

    `number` counts the steps of the engine process `engine_pid`; both are None for a batch that
    no watched scheduler made.
    """

    number: Optional[int]
    engine_pid: Optional[int]
    context_requests: int
    context_tokens: int
    generation_requests: int
    generation_tokens: int

    @property
    def requests(self):
        return self.context_requests + self.generation_requests

    @property
    def tokens(self):
        return self.context_tokens + self.generation_tokens

    @property
    def phase(self):
        if not self.context_requests:
            return "decode"
        return "mixed" if self.generation_requests else "prefill"


def describe(output, number=None, engine_pid=None):
    """The step of a SchedulerOutput.

    A request is in prefill until its first output token exists, and again while it recomputes
    what a preemption has freed.
    """
    tokens = output.num_scheduled_tokens
    requests = len(tokens)
    total = output.total_num_scheduled_tokens
    new = output.scheduled_new_reqs
    cached = output.scheduled_cached_reqs
    resumed = resumed_of(cached)
    produced = getattr(cached, "num_output_tokens", None)
    if produced is not None and not new and not resumed and 0 not in produced:
        return Step(number, engine_pid, 0, 0, requests, total)
    context = [request.req_id for request in new]
    if produced is None:
        context += [name for name in cached.req_ids if tokens.get(name, 0) > 1]
    else:
        context += [
            name
            for name, count in zip(cached.req_ids, produced)
            if count == 0 or name in resumed
        ]
    context_tokens = sum(tokens.get(name, 0) for name in context)
    return Step(
        number,
        engine_pid,
        len(context),
        context_tokens,
        requests - len(context),
        total - context_tokens,
    )


def resumed_of(cached):
    """Names of requests that a preemption had stopped, of those that the workers know."""
    return getattr(cached, "resumed_req_ids", ())


def marked(output):
    """The step written on the object, or one without a number made from its contents."""
    fields = getattr(output, ATTRIBUTE, None)
    known, step = newest.mark
    if fields is known and fields:
        return step
    return Step(*fields) if fields else describe(output)


def number_of(output):
    """The step's number, or None where no watched scheduler made the batch."""
    return getattr(output, ATTRIBUTE, _UNMARKED)[0]
