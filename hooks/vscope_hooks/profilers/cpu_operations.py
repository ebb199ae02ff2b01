"""Time on the CPU, per operation of a step.

scheduling and output_update belong to the engine, batch_preparation, model_execution and sampling
to each worker (batch_preparation is part of model_execution), output_processing to the API server;
detokenization is the part of it that turns tokens into text. `context` names the step; a worker's
call without one is vLLM's own warm-up.
"""

from ..passes import V1_RUNNER, V2_RUNNER, passes_of, runner_watchers
from ..sites import Watcher
from ..steps import number_of
from .scheduler_steps import steps_of

NAME = "cpu_operations"
TOGGLE = "ENABLE_CPU_TIMING"

SCHEDULER = "vllm.v1.core.sched.scheduler"
COLUMNS = ("timestamp_sec", "operation", "duration_ms", "context", "rank")


def watchers(recorder):
    steps, passes = steps_of(recorder), passes_of(recorder)
    table = recorder.table("cpu_operations_timing", COLUMNS)

    # A step has several rows: [its number, its name].
    named = [None, ""]

    def add(operation, start, end, number):
        if number != named[0]:
            named[:] = number, "" if number is None else "step=%d" % number
        table.add(
            (recorder.seconds(start), operation, 1e3 * (end - start), named[1], recorder.rank)
        )

    def after_schedule(args, kwargs, output, start, end):
        if output.total_num_scheduled_tokens:
            add("scheduling", start, end, steps.number)

    def after_update(args, kwargs, result, start, end):
        output = args[1] if len(args) > 1 else kwargs["scheduler_output"]
        if output.total_num_scheduled_tokens:
            add("output_update", start, end, number_of(output))

    def in_pass(operation):
        def after(args, kwargs, result, start, end):
            step = passes.step
            add(operation, start, end, None if step is None else step.number)

        return after

    model_execution = in_pass("model_execution")

    def after_execute(args, kwargs, result, start, end):
        if passes.step is not None:
            model_execution(args, kwargs, result, start, end)

    # Seconds of detokenizing since the last batch of outputs was done.
    detokenizing = [0.0]

    def after_detokenize(args, kwargs, result, start, end):
        detokenizing[0] += end - start

    def after_outputs(args, kwargs, result, start, end):
        outputs = args[1] if len(args) > 1 else kwargs["engine_core_outputs"]
        seconds, detokenizing[0] = detokenizing[0], 0.0
        if outputs:
            add("output_processing", start, end, None)
        if seconds:
            add("detokenization", start, start + seconds, None)

    found = [
        Watcher(NAME, SCHEDULER, "Scheduler.schedule", after=after_schedule),
        Watcher(
            NAME,
            SCHEDULER,
            "Scheduler.update_from_output",
            after=after_update,
            needs=("scheduler_output",),
        ),
        Watcher(
            NAME,
            "vllm.v1.engine.output_processor",
            "OutputProcessor.process_outputs",
            after=after_outputs,
            needs=("engine_core_outputs",),
        ),
        Watcher(
            NAME,
            "vllm.v1.engine.detokenizer",
            "BaseIncrementalDetokenizer.update",
            after=after_detokenize,
        ),
    ]
    found += runner_watchers(
        NAME,
        "execute_model",
        after=after_execute,
        needs=("scheduler_output",),
    )
    found += runner_watchers(NAME, "sample_tokens", after=in_pass("sampling"))
    preparation = in_pass("batch_preparation")
    return found + [
        Watcher(NAME, V1_RUNNER, "GPUModelRunner._prepare_inputs", after=preparation),
        Watcher(NAME, V2_RUNNER, "GPUModelRunner.prepare_inputs", after=preparation),
    ]
