"""Numbers the engine's steps and keeps account of tokens that were computed for nothing.

A row of step_adjustments.csv takes tokens off a step: recomputed (a preemption had freed them),
overscheduled (the request had already ended when the step came back; asynchronous scheduling runs
ahead by a step), rejected_draft (speculative tokens that the model did not accept). They are few, and
a step without any costs next to nothing.
"""

import collections

from ..sites import Watcher, argument
from ..steps import ATTRIBUTE, Step, describe, newest, number_of

NAME = "scheduler_steps"
TOGGLE = None

MODULE = "vllm.v1.core.sched.scheduler"
COLUMNS = ("timestamp_sec", "step", "request_id", "kind", "tokens")

# Called at every step, when nothing of ours is in the processor's caches: each call of a function of
# Python's takes a microsecond then, and what has one at hand calls none.
_new, _set = tuple.__new__, object.__setattr__

# An abort after a stop string reaches the engine some steps late: so many are remembered.
REMEMBERED_STEPS = 128


class Steps:
    """The steps of one scheduler."""

    def __init__(self):
        self.number = 0
        self.current = None
        # Whether schedule() is under way: a preemption within it is for want of blocks.
        self.scheduling = False
        # Position up to which a preempted request had been computed.
        self.computed = {}
        # Requests that have ended, with the newest step at that moment: it may come back with them.
        self.freed = {}
        self.recent = collections.deque(maxlen=REMEMBERED_STEPS)
        # Whether the step has the requests of the one before, and both are nothing but decodes of a token
        # each: what was found out about those requests is still true.
        self.same = False
        # Names and tokens of the newest step's requests where it is nothing but such decodes.
        self._decodes = self._tokens = None
        self._pauses = 0

    def next(self, output, engine_pid, pauses):
        """Takes up a scheduled batch that has tokens as the current step, and marks it.

        pauses: how often the session has been paused. Of the steps meanwhile nothing is known.
        """
        self.number = number = self.number + 1
        if pauses != self._pauses:
            self._pauses, self._decodes = pauses, None
        cached, tokens = output.scheduled_cached_reqs, output.num_scheduled_tokens
        names, count, known = cached.req_ids, len(tokens), self._decodes
        single = len(names) == count == output.total_num_scheduled_tokens
        # A list that vLLM used again would be equal to itself whatever it holds.
        if single and names == known and names is not known and not getattr(cached, "resumed_req_ids", ()):
            self.same = True
            # All of them had output in the step before.
            fields = (number, engine_pid, 0, 0, count, count)
            self.current = step = _new(Step, fields)
        else:
            self.same = False
            self.current = step = describe(output, number, engine_pid)
            fields = tuple(step)
            self._decodes = names if single and not step.context_requests else None
            self._tokens = tokens
        # Many steps hold the same tokens: they are kept once.
        self.recent.append((number, self._tokens))
        # Plain values: the workers' pickles need nothing of ours.
        _set(output, ATTRIBUTE, fields)
        newest.mark = (fields, step)

    def rest(self):
        """Takes up a batch without tokens."""
        self.current = self._decodes = None

    def recent_of(self, request_id):
        """The remembered steps of a request as `step:tokens`, oldest first."""
        return " ".join(
            "%d:%d" % (number, tokens[request_id])
            for number, tokens in self.recent
            if request_id in tokens
        )


def steps_of(recorder):
    """The process's steps, shared by the profilers of the scheduler."""
    if not hasattr(recorder, "steps"):
        recorder.steps = Steps()
    return recorder.steps


def watchers(recorder):
    steps = steps_of(recorder)
    table = recorder.table("step_adjustments", COLUMNS)
    verbose = recorder.verbose

    def before_schedule(args, kwargs):
        steps.scheduling = True

    def after_schedule(args, kwargs, output, start, end):
        steps.scheduling = False
        if not output.total_num_scheduled_tokens:
            steps.rest()
            return
        steps.next(output, recorder.pid, recorder.pause_count)
        if verbose and steps.number % recorder.interval == 0:
            recorder.say(
                "step %d: %d requests, %d tokens"
                % (
                    steps.number,
                    len(output.num_scheduled_tokens),
                    output.total_num_scheduled_tokens,
                )
            )
        if steps.computed:
            count_recomputed(args[0], output, recorder.seconds(start))

    def count_recomputed(scheduler, output, now):
        for name in steps.computed.keys() & output.num_scheduled_tokens.keys():
            request = scheduler.requests.get(name)
            if request is None:
                continue
            # schedule() has already moved num_computed_tokens to the end of this step.
            end = request.num_computed_tokens
            begin = end - output.num_scheduled_tokens[name]
            before = steps.computed[name]
            if begin < before:
                table.add((now, steps.number, name, "recomputed", min(end, before) - begin))
            if end >= before:
                del steps.computed[name]

    def before_preempt(args, kwargs):
        request = argument(args, kwargs, 1, "request")
        name = request.request_id
        steps.computed[name] = max(request.num_computed_tokens, steps.computed.get(name, 0))

    def before_update(args, kwargs):
        output = args[1] if len(args) > 1 else kwargs["scheduler_output"]
        if not steps.freed and not output.scheduled_spec_decode_tokens:
            return
        scheduler, number = args[0], number_of(output)
        if number is None:
            return
        if steps.freed:
            count_overscheduled(scheduler, output.num_scheduled_tokens, number)
        if output.scheduled_spec_decode_tokens:
            count_rejected(scheduler, output, argument(args, kwargs, 2, "model_runner_output"), number)

    def count_overscheduled(scheduler, tokens, number):
        now = recorder.seconds()
        for name, newest in list(steps.freed.items()):
            if name in tokens and name not in scheduler.requests:
                table.add((now, number, name, "overscheduled", tokens[name]))
            if newest <= number:
                del steps.freed[name]

    def count_rejected(scheduler, output, produced, number):
        now = recorder.seconds()
        for name, drafts in output.scheduled_spec_decode_tokens.items():
            request = scheduler.requests.get(name)
            index = produced.req_id_to_index.get(name)
            if request is None or index is None or not produced.sampled_token_ids:
                continue
            accepted = max(0, len(produced.sampled_token_ids[index]) - 1)
            rejected = len(drafts) - accepted
            if rejected > 0:
                table.add((now, number, name, "rejected_draft", rejected))

    def after_free(args, kwargs, result, start, end):
        name = argument(args, kwargs, 1, "request").request_id
        steps.computed.pop(name, None)
        steps.freed[name] = steps.number

    return [
        Watcher(
            NAME, MODULE, "Scheduler.schedule", before=before_schedule, after=after_schedule
        ),
        Watcher(
            NAME, MODULE, "Scheduler._preempt_request", before=before_preempt, needs=("request",)
        ),
        Watcher(
            NAME,
            MODULE,
            "Scheduler.update_from_output",
            before=before_update,
            needs=("scheduler_output", "model_runner_output"),
        ),
        Watcher(NAME, MODULE, "Scheduler._free_request", after=after_free, needs=("request",)),
    ]
