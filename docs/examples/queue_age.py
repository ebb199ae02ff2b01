"""How old the queue is: requests that wait behind each scheduled batch, and how long the oldest has.

    vscope monitor --profiler queue_age.py -- vllm serve MODEL
"""

import time

from vscope_hooks.profiler import Column, Profiler, after


class QueueAge(Profiler):
    row = "the queue after a batch was scheduled"
    columns = [
        Column("waiting", int, unit="requests", doc="requests that are in no batch yet"),
        Column("oldest_ms", float, unit="ms", doc="time since the first of them arrived"),
        Column("preempted", bool, doc="whether the first of them was preempted before"),
    ]

    @after("vllm.v1.core.sched.scheduler:Scheduler.schedule")
    def scheduled(self, call):
        queue = call.args[0].waiting
        if not call.result.total_num_scheduled_tokens:
            return
        if not queue:
            self.add(call, waiting=0)
            return
        first = queue.peek_request()
        self.add(
            call,
            waiting=len(queue),
            oldest_ms=1e3 * (time.time() - first.arrival_time),
            preempted=first.num_preemptions > 0,
        )


class OutputBatches(Profiler):
    row = "a batch of outputs, as the API server took it"
    columns = [
        Column("outputs", int, unit="requests"),
        Column("took_ms", float, unit="ms", doc="detokenizing and stop strings"),
    ]

    @after("vllm.v1.engine.output_processor:OutputProcessor.process_outputs")
    def processed(self, call):
        outputs = call.argument(1, "engine_core_outputs")
        if outputs:
            self.add(call, outputs=len(outputs), took_ms=call.duration_ms)
