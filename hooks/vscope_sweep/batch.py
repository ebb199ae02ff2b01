"""Batches made by hand, past the scheduler: so many requests of so many new tokens and such a history."""

import dataclasses


class Refused(Exception):
    """A shot that this engine cannot fire; the engine is well."""


def _fields(cls, values):
    known = {field.name for field in dataclasses.fields(cls)}
    return cls(**{name: value for name, value in values.items() if name in known})


class BatchMaker:
    """Makes the scheduler's message for a shot, and the one that ends its requests."""

    def __init__(self, kv_cache_config, max_tokens, max_requests, max_length):
        from vllm import SamplingParams

        self.groups = [group.kv_cache_spec.block_size for group in kv_cache_config.kv_cache_groups]
        self.blocks = kv_cache_config.num_blocks
        self.max_tokens = max_tokens
        self.max_requests = max_requests
        self.max_length = max_length
        self._sampling = SamplingParams(temperature=0.0, max_tokens=1)
        self._number = 0
        self._running = set()
        self._prompts = {}

    def shot(self, runs):
        """The message for runs of (new tokens, history, count)."""
        from vllm.v1.core.sched.output import NewRequestData

        self._check(runs)
        message = self._empty()
        # Block 0 is the one that vLLM keeps for nothing.
        next_block = 1
        names = set()
        for new, history, count in runs:
            prompt = self._prompt(new + history)
            for _ in range(count):
                blocks = []
                for size in self.groups:
                    needed = -(-(new + history) // size)
                    blocks.append(list(range(next_block, next_block + needed)))
                    next_block += needed
                self._number += 1
                name = "vscope-%d" % self._number
                names.add(name)
                message.scheduled_new_reqs.append(
                    _fields(
                        NewRequestData,
                        {
                            "req_id": name,
                            "prompt_token_ids": prompt,
                            "prefill_token_ids": prompt,
                            "mm_features": [],
                            "sampling_params": self._sampling,
                            "pooling_params": None,
                            "block_ids": tuple(blocks),
                            "num_computed_tokens": history,
                            "lora_request": None,
                        },
                    )
                )
                message.num_scheduled_tokens[name] = new
                message.total_num_scheduled_tokens += new
        self._running = names
        return message

    def ending(self):
        """A message without work, which ends the requests of the shot before."""
        message = self._empty()
        self._running = set()
        return message

    def _empty(self):
        from vllm.v1.core.sched.output import SchedulerOutput

        message = SchedulerOutput.make_empty()
        message.finished_req_ids = set(self._running)
        message.num_common_prefix_blocks = [0] * len(self.groups)
        return message

    def _check(self, runs):
        tokens = sum(new * count for new, _, count in runs)
        requests = sum(count for *_, count in runs)
        longest = max(new + history for new, history, count in runs if count)
        needed = sum(
            count * sum(-(-(new + history) // size) for size in self.groups)
            for new, history, count in runs
        )
        if tokens > self.max_tokens:
            raise Refused("%d tokens are more than the engine takes (%d)" % (tokens, self.max_tokens))
        if requests > self.max_requests:
            raise Refused("%d requests are more than the engine takes (%d)" % (requests, self.max_requests))
        if longest > self.max_length:
            raise Refused("%d tokens are more than max_model_len (%d)" % (longest, self.max_length))
        if needed > self.blocks - 1:
            raise Refused("it needs %d KV blocks of %d" % (needed, self.blocks - 1))

    def _prompt(self, length):
        found = self._prompts.get(length)
        if found is None:
            if len(self._prompts) > 256:
                self._prompts.clear()
            found = self._prompts[length] = [1] * length
        return found
