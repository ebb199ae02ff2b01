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


def complete(cells):
    starts, ends, numbers = cells[0::5], cells[2::5], cells[3::5]
    cells[2::5] = [1e3 * (end - start) for start, end in zip(starts, ends)]
    # A step has several rows.
    names = {number: "step=%s" % number for number in set(numbers)}
    names[None] = ""
    cells[3::5] = [names[number] for number in numbers]


def watchers(recorder):
    steps, passes = steps_of(recorder), passes_of(recorder)

    put = recorder.timeline("cpu_operations_timing", COLUMNS, complete).put

    def after_schedule(args, kwargs, output, start, end):
        if output.total_num_scheduled_tokens:
            put((start, "scheduling", end, steps.number, recorder.rank))

    def after_update(args, kwargs, result, start, end):
        output = args[1] if len(args) > 1 else kwargs["scheduler_output"]
        if output.total_num_scheduled_tokens:
            put((start, "output_update", end, number_of(output), recorder.rank))

    def in_pass(operation):
        def after(args, kwargs, result, start, end):
            step = passes.step
            number = None if step is None else step.number
            put((start, operation, end, number, recorder.rank))

        return after

    def after_execute(args, kwargs, result, start, end):
        step = passes.step
        if step is not None:
            put((start, "model_execution", end, step.number, recorder.rank))

    # Seconds of detokenizing since the last batch of outputs was done.
    detokenizing = 0.0

    def after_detokenize(args, kwargs, result, start, end):
        nonlocal detokenizing
        detokenizing += end - start

    def after_outputs(args, kwargs, result, start, end):
        nonlocal detokenizing
        outputs = args[1] if len(args) > 1 else kwargs["engine_core_outputs"]
        seconds, detokenizing = detokenizing, 0.0
        if outputs:
            put((start, "output_processing", end, None, recorder.rank))
        if seconds:
            put((start, "detokenization", start + seconds, None, recorder.rank))

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
