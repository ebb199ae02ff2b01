"""What the client was told of each request: its own id, its token counts, its latencies.

Only the process that detokenizes knows them: a stop string ends a request there, some tokens
before the engine hears of it.
"""

import time

from ..sites import Watcher, argument

NAME = "request_lifecycle"
TOGGLE = "ENABLE_PREEMPTION_TRACKING"

MODULE = "vllm.v1.engine.output_processor"
COLUMNS = (
    "timestamp_sec",
    "engine_request_id",
    "request_id",
    "finish_reason",
    "prompt_tokens",
    "cached_tokens",
    "generated_tokens",
    "ttft_sec",
    "e2e_sec",
)


def watchers(recorder):
    table = recorder.table("request_results", COLUMNS)

    def result_of(state, reason, at):
        stats = state.stats
        detokenizer = state.detokenizer
        generated = detokenizer.num_output_tokens() if detokenizer is not None else 0
        table.add(
            (
                recorder.seconds(at),
                state.request_id,
                getattr(state, "external_req_id", state.request_id),
                reason,
                state.prompt_len,
                getattr(state, "num_cached_tokens", None),
                generated,
                (getattr(stats, "first_token_latency", None) or None) if generated else None,
                time.time() - stats.arrival_time if stats is not None else None,
            )
        )

    def after_finished(args, kwargs, result, start, end):
        state = argument(args, kwargs, 1, "req_state")
        reason = argument(args, kwargs, 2, "finish_reason")
        result_of(state, str(reason).lower(), start)

    def before_abort(args, kwargs):
        processor = args[0]
        names = argument(args, kwargs, 1, "request_ids")
        known = getattr(processor, "external_req_ids", {})
        if not isinstance(names, (list, tuple, set, frozenset)):
            # Reading an iterator here would leave nothing for vLLM.
            return
        for name in names:
            for internal in known.get(name, (name,)):
                state = processor.request_states.get(internal)
                if state is not None:
                    result_of(state, "abort", None)

    return [
        Watcher(
            NAME,
            MODULE,
            "OutputProcessor._update_stats_from_finished",
            after=after_finished,
            needs=("req_state", "finish_reason"),
        ),
        Watcher(
            NAME,
            MODULE,
            "OutputProcessor.abort_requests",
            before=before_abort,
            needs=("request_ids",),
        ),
    ]
