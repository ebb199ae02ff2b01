"""Each forward pass of a worker: execute_model(), and the sample_tokens() that completes it.

On a GPU the times come from CUDA events on the stream that the model runs on; they are read when
they have completed, and nothing waits for them. Without a GPU, or with USE_CUDA_EVENTS=0, they are
the times that the calls took on the host (`timing` says which). host_time_ms is always the host's,
so that its error against the events can be told.
"""

from ..passes import passes_of, runner_watchers
from ..session import enabled
from .gpu_timer import make_timer

NAME = "forward_pass"
TOGGLE = "ENABLE_FORWARD_PASS_TIMING"

COLUMNS = (
    "timestamp_sec",
    "step",
    "engine_pid",
    "rank",
    "phase",
    "num_seqs",
    "scheduled_tokens",
    "context_tokens",
    "generation_tokens",
    "cudagraph_mode",
    "graph_tokens",
    "forward_time_ms",
    "sample_time_ms",
    "host_time_ms",
    "timing",
)


def watchers(recorder):
    passes = passes_of(recorder)
    table = recorder.table("forward_pass_timing", COLUMNS)
    timer = make_timer(recorder, enabled("USE_CUDA_EVENTS"))
    begun = [None]
    # The pass that waits for its sample_tokens(): [row head, host milliseconds, marks, pauses].
    open_pass = []

    def before_execute(args, kwargs):
        close(None)
        begun[0] = timer.mark() if passes.step is not None else None

    def after_execute(args, kwargs, result, start, end):
        step = passes.step
        if step is None:
            return
        marks = [begun[0], begun[0] and timer.mark(after=begun[0])]
        mode, tokens = passes.graph or ("NONE" if passes.graphs_watched else None, None)
        head = (
            recorder.seconds(start),
            step.number,
            step.engine_pid,
            recorder.rank,
            step.phase,
            step.requests,
            step.tokens,
            step.context_tokens,
            step.generation_tokens,
            mode,
            tokens,
        )
        open_pass[:] = [head, 1e3 * (end - start), marks, recorder.pause_count]
        if result is not None:
            close(None)

    def after_sample(args, kwargs, result, start, end):
        close(1e3 * (end - start))

    def close(sample_ms):
        if not open_pass:
            return
        head, host_ms, marks, pauses = open_pass
        open_pass.clear()
        if pauses != recorder.pause_count:
            # What follows a pause is the sampling of another pass.
            sample_ms = None
        if sample_ms is not None:
            marks.append(marks[0] and timer.mark(after=marks[0]))

        def add(times, how):
            sample = times[1] if len(times) > 1 else None
            table.add(head + (times[0], sample, host_ms, how))

        timer.when_known(marks, [host_ms, sample_ms], add)

    return [
        *runner_watchers(
            NAME,
            "execute_model",
            before=before_execute,
            after=after_execute,
            needs=("scheduler_output",),
        ),
        *runner_watchers(NAME, "sample_tokens", after=after_sample),
    ]
