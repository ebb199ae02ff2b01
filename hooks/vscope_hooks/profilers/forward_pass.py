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
    put = recorder.timeline("forward_pass_timing", COLUMNS).put
    timer = make_timer(recorder, enabled("USE_CUDA_EVENTS"))
    begun = None
    # The pass that waits for its sample_tokens(): (marks, step, its start, host milliseconds, graph, pauses).
    open_pass = None

    def before_execute(args, kwargs):
        nonlocal begun
        if open_pass:
            close(None)
        begun = timer.mark() if passes.step is not None else None

    def after_execute(args, kwargs, result, start, end):
        nonlocal open_pass
        step = passes.step
        if step is None:
            return
        marks = [begun, begun and timer.mark(begun)]
        host_ms = 1e3 * (end - start)
        open_pass = (marks, step, start, host_ms, passes.graph, recorder.pause_count)
        # What collect_while_computing() asks, at every step without a call.
        if len(timer.waiting) >= timer.batch:
            timer.collect()
        if result is not None:
            close(None)

    def after_sample(args, kwargs, result, start, end):
        if open_pass:
            close(1e3 * (end - start))

    def close(sample_ms):
        nonlocal open_pass
        marks, step, start, host_ms, graph, pauses = open_pass
        open_pass = None
        if pauses != recorder.pause_count:
            # What follows a pause is the sampling of another pass.
            sample_ms = None
        if sample_ms is not None:
            marks.append(marks[0] and timer.mark(marks[0]))
        timer.when_known(
            marks, (host_ms, sample_ms), add_row, step, start, host_ms, graph, recorder.rank
        )

    def add_row(times, how, step, start, host_ms, graph, rank):
        number, engine_pid, contexts, context_tokens, generations, generation_tokens = step
        mode, graph_tokens = graph or ("NONE" if passes.graphs_watched else None, None)
        put(
            (
                start,
                number,
                engine_pid,
                rank,
                step.phase,
                contexts + generations,
                context_tokens + generation_tokens,
                context_tokens,
                generation_tokens,
                mode,
                graph_tokens,
                times[0],
                times[1] if len(times) > 1 else None,
                host_ms,
                how,
            )
        )

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
