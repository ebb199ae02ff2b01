"""The scheduler's messages in words of the vLLM that is here: fields that it does not know are left out."""

import dataclasses
import functools


@functools.lru_cache(maxsize=None)
def _fields(cls):
    return frozenset(field.name for field in dataclasses.fields(cls))


def _make(cls, values):
    known = _fields(cls)
    return cls(**{name: value for name, value in values.items() if name in known})


def new_request_data(name, prompt, blocks, history, sampling):
    """A request that the model runner does not know yet."""
    from vllm.v1.core.sched.output import NewRequestData

    return _make(
        NewRequestData,
        {
            "req_id": name,
            "prompt_token_ids": prompt,
            "prefill_token_ids": prompt,
            "mm_features": [],
            "sampling_params": sampling,
            "pooling_params": None,
            "block_ids": blocks,
            "num_computed_tokens": history,
            "lora_request": None,
        },
    )


def cached_request_data(names, blocks, histories):
    """Requests that it knows, with the blocks that each gets in addition, or None.

    None has generated anything: what a pass before has sampled is forgotten.
    """
    from vllm.v1.core.sched.output import CachedRequestData

    return _make(
        CachedRequestData,
        {
            "req_ids": names,
            "resumed_req_ids": set(),
            "new_token_ids": [],
            "all_token_ids": {},
            "new_block_ids": blocks,
            "num_computed_tokens": histories,
            "num_output_tokens": [0] * len(names),
        },
    )


def empty_message(groups):
    """A message without work."""
    from vllm.v1.core.sched.output import SchedulerOutput

    message = SchedulerOutput.make_empty()
    if hasattr(message, "num_common_prefix_blocks"):
        message.num_common_prefix_blocks = [0] * groups
    return message
