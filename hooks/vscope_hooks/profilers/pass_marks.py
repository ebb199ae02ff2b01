"""Marks the beginning and the end of each forward pass for the other profilers of a worker."""

from ..passes import passes_of, rank_of, runner_watchers
from ..steps import marked

NAME = "pass_marks"
TOGGLE = None


def watchers(recorder):
    passes = passes_of(recorder)
    recorder.good_moments.append(passes.await_end)

    def before_execute(args, kwargs):
        # Should one of the next lines fail, no row may bear the step of the pass before.
        passes.step = None
        output = args[1] if len(args) > 1 else kwargs["scheduler_output"]
        dummy = kwargs and kwargs.get("dummy_run") or len(args) > 3 and args[3] is True
        passes.begin(None if dummy or not output.total_num_scheduled_tokens else marked(output))
        if recorder.rank is None and passes.real:
            recorder.set_rank(rank_of(args[0]))

    def after_execute(args, kwargs, result, start, end):
        # A result here means that no sample_tokens() follows: pooling, or a pipeline's early stage.
        if result is not None or not passes.real:
            passes.end()

    def before_dummy(args, kwargs):
        passes.begin()

    return [
        *runner_watchers(
            NAME,
            "execute_model",
            before=before_execute,
            after=after_execute,
            needs=("scheduler_output",),
        ),
        *runner_watchers(NAME, "sample_tokens", after=passes.end),
        *runner_watchers(NAME, "_dummy_run", before=before_dummy, after=passes.end),
    ]
