"""Encoder, decoder and cross-attention time, of encoder-decoder and of multi-modal models.

A row of `encoder` is one run of the encoders of a pass (audio, images); `decoder` is the rest of that
pass, or the whole pass where no encoder ran; `cross_attention` is the part of a decoder pass that its
cross-attention layers took. Passes are written once a model has shown that it has an encoder. In a
replayed CUDA graph cross-attention cannot be told from the rest: such passes have no row of it.
"""

from ..passes import V1_RUNNER, passes_of, runner_watchers
from ..session import enabled
from ..sites import Watcher
from .gpu_timer import make_timer

NAME = "encoder_decoder"
TOGGLE = "ENABLE_ENCODER_DECODER_TIMING"

COLUMNS = ("timestamp_sec", "component", "duration_ms", "context", "timing", "rank")


class Pass:
    """What one pass has shown so far; each interval is (marks, host milliseconds)."""

    def __init__(self):
        self.begun = None
        self.encoder = []
        self.cross = []


def watchers(recorder):
    passes = passes_of(recorder)
    table = recorder.table("encoder_decoder_timing", COLUMNS)
    timer = make_timer(recorder, enabled("USE_CUDA_EVENTS"))
    now = Pass()
    open_marks = []

    def show():
        """The model has an encoder: until one has run, no pass is timed."""
        for watcher in of_passes:
            watcher.wake()

    def before_part(args, kwargs):
        open_marks.append(timer.mark() if passes.real else None)

    def after_encoder(args, kwargs, result, start, end):
        marks = [open_marks.pop() if open_marks else None, timer.mark()]
        # vLLM asks for the encoder's work at every step, and mostly there is none.
        if passes.real and result:
            show()
            now.encoder.append((marks, [1e3 * (end - start)]))

    def after_cross(args, kwargs, result, start, end):
        marks = [open_marks.pop() if open_marks else None, timer.mark()]
        if passes.real:
            show()
            now.cross.append((marks, [1e3 * (end - start)]))

    def before_execute(args, kwargs):
        now.encoder, now.cross = [], []
        open_marks.clear()
        now.begun = timer.mark()

    def after_execute(args, kwargs, result, start, end):
        if passes.step is None:
            return
        at = recorder.seconds(start)
        number = passes.step.number
        context = "" if number is None else "step=%d" % number
        # Intervals come back in the order in which they were given.
        parts = {"encoder": 0.0, "cross_attention": 0.0}
        hows = set()

        def add(component, ms):
            how = "cuda_event" if hows == {"cuda_event"} else "host"
            table.add((at, component, ms, context, how, recorder.rank))

        def take(component):
            def known_now(times, how):
                parts[component] += times[0]
                hows.add(how)

            return known_now

        def finish(times, how):
            hows.add(how)
            if encoders:
                add("encoder", parts["encoder"])
            add("decoder", max(0.0, times[0] - parts["encoder"]))
            if crosses:
                add("cross_attention", parts["cross_attention"])

        encoders, crosses = now.encoder, now.cross
        # The first pass that shows an encoder has no mark at its beginning: all of it is the host's.
        end_mark = now.begun and timer.mark()
        for component, intervals in (("encoder", encoders), ("cross_attention", crosses)):
            for marks, host_ms in intervals:
                timer.when_known(marks if end_mark else [None], host_ms, take(component))
        timer.collect_while_computing()
        timer.when_known([now.begun, end_mark], [1e3 * (end - start)], finish)
        now.encoder, now.cross = [], []

    of_passes = runner_watchers(
        NAME,
        "execute_model",
        before=before_execute,
        after=after_execute,
        needs=("scheduler_output",),
        asleep=True,
    )
    return [
        Watcher(
            NAME,
            V1_RUNNER,
            "GPUModelRunner._execute_mm_encoder",
            before=before_part,
            after=after_encoder,
        ),
        Watcher(
            NAME,
            "vllm.v1.worker.gpu.mm.encoder_runner",
            "EncoderRunner.execute_mm_encoder",
            before=before_part,
            after=after_encoder,
        ),
        Watcher(
            NAME,
            "vllm.model_executor.layers.attention.cross_attention",
            "CrossAttention.forward",
            before=before_part,
            after=after_cross,
        ),
        *of_passes,
    ]
