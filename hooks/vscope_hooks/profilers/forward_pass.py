"""Each forward pass of a worker: execute_model(), and the sample_tokens() that completes it.

On a GPU the time comes from CUDA events on the stream that the model runs on; they are read when
they have completed, and nothing waits for them. Without a GPU, or with USE_CUDA_EVENTS=0, it is
the time that execute_model() took on the host (`timing` says which): on a GPU that is launching,
not computing.
"""

from ..session import enabled
from ..sites import Watcher, argument
from ..steps import marked
from .gpu_timer import make_timer

NAME = "forward_pass"
TOGGLE = "ENABLE_FORWARD_PASS_TIMING"

RUNNERS = (
    "vllm.v1.worker.gpu_model_runner",
    "vllm.v1.worker.gpu.model_runner",
)
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
    "forward_time_ms",
    "sample_time_ms",
    "host_time_ms",
    "timing",
)


def rank_of(runner):
    """The worker's global rank, as its parallel_config tells it."""
    return getattr(getattr(runner, "parallel_config", None), "rank", None)


def is_real(args, kwargs):
    """Whether the call runs a batch of requests, and not a dummy one or none."""
    output = argument(args, kwargs, 1, "scheduler_output")
    if kwargs.get("dummy_run") or (len(args) > 3 and args[3] is True):
        return None
    return output if output.total_num_scheduled_tokens else None


def watchers(recorder):
    table = recorder.table("forward_pass_timing", COLUMNS)
    timer = make_timer(recorder, enabled("USE_CUDA_EVENTS"))
    # The pass that waits for its sample_tokens(): [row head, host milliseconds, timing handle].
    open_pass = []

    def before_execute(args, kwargs):
        close(None)
        if is_real(args, kwargs) is not None:
            timer.start()

    def after_execute(args, kwargs, result, start, end):
        output = is_real(args, kwargs)
        if output is None:
            return
        handle = timer.stop(start, end)
        step = marked(output)
        recorder.set_rank(rank_of(args[0]))
        head = (
            recorder.seconds(start),
            step.number,
            step.engine_pid,
            recorder.rank,
            step.phase,
            len(output.num_scheduled_tokens),
            output.total_num_scheduled_tokens,
            step.context_tokens,
            step.generation_tokens,
        )
        open_pass[:] = [head, 1e3 * (end - start), handle]

    def after_sample(args, kwargs, result, start, end):
        close(1e3 * (end - start))

    def close(sample_ms):
        if not open_pass:
            return
        head, host_ms, handle = open_pass
        open_pass.clear()
        timer.when_known(
            handle,
            lambda milliseconds, how: table.add(
                head + (milliseconds, sample_ms, host_ms, how)
            ),
        )

    found = []
    for module in RUNNERS:
        found.append(
            Watcher(
                NAME,
                module,
                "GPUModelRunner.execute_model",
                before=before_execute,
                after=after_execute,
                needs=("scheduler_output",),
            )
        )
        found.append(Watcher(NAME, module, "GPUModelRunner.sample_tokens", after=after_sample))
    return found
