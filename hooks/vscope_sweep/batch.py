"""Batches made by hand, past the scheduler: so many requests of so many new tokens and such a history."""

import random

from .messages import cached_request_data, empty_message, new_request_data
from .requests import NO_ROOM, Pool


class Refused(Exception):
    """A shot that this engine cannot fire; the engine is well."""


class Batch:
    """The scheduler's messages for one shot: the first pass brings its requests in, others repeat it."""

    def __init__(self, first, again):
        self.first = first
        self.again = again


class BatchMaker:
    """Makes the scheduler's messages for shots, and the one that ends their requests.

    What a request has in its history is told by a number alone, and no kernel asks what the tokens
    were: a prompt holds no more than the tokens that are computed, so that none is thousands long
    because its history is. New tokens differ, as those of a prompt do: a product whose rows are all alike takes less
    power, and so less time. Requests go on from one shot to the next where they can.
    """

    def __init__(self, kv_cache_config, max_tokens, max_requests, max_length, vocabulary):
        from vllm import SamplingParams

        self.groups = [group.kv_cache_spec.block_size for group in kv_cache_config.kv_cache_groups]
        self.blocks = kv_cache_config.num_blocks
        self.max_tokens = max_tokens
        self.max_requests = max_requests
        self.max_length = max_length
        self.pool = Pool(self.blocks, self.groups)
        self._sampling = SamplingParams(temperature=0.0, max_tokens=1)
        self._tokens = some_tokens(max_length, vocabulary)
        self._prompts = {}
        # Requests that the model runner has and that the next message ends.
        self._ended = set()

    def shot(self, runs):
        """The messages for runs of (new tokens, history, count).

        @raises Refused: where the engine has no room for it.
        """
        self._check(runs)
        singles = [history for new, history, count in runs if new == 1 for _ in range(count)]
        chunks = [(new, history) for new, history, count in runs if new > 1 for _ in range(count)]
        taken = self.pool.take(singles, chunks, self._ended)
        if taken is NO_ROOM:
            # Blocks are held that no request of this shot needs: everything begins anew.
            self._ended |= self.pool.clear()
            taken = self.pool.take(singles, chunks, self._ended)
        wanted = [(1, history) for history in singles] + chunks
        first, again = self._empty(), self._empty()
        first.finished_req_ids, self._ended = self._ended, set()
        known, added, computed = [], [], []
        for (new, history), (request, blocks, is_new) in zip(wanted, taken):
            if is_new:
                prompt = self._prompt(new + history) if new > 1 else self._first(len(first.scheduled_new_reqs))
                first.scheduled_new_reqs.append(
                    new_request_data(request.name, prompt, blocks, history, self._sampling)
                )
            else:
                known.append(request.name)
                added.append(blocks)
                computed.append(history)
            for message in (first, again):
                message.num_scheduled_tokens[request.name] = new
                message.total_num_scheduled_tokens += new
        first.scheduled_cached_reqs = cached_request_data(known, added, computed)
        again.scheduled_cached_reqs = cached_request_data(
            [request.name for request, *_ in taken],
            [None] * len(taken),
            [history for _, history in wanted],
        )
        return Batch(first, again)

    def ending(self):
        """A message without work, which ends all requests."""
        message = self._empty()
        message.finished_req_ids = self._ended | self.pool.clear()
        self._ended = set()
        return message

    def _empty(self):
        return empty_message(len(self.groups))

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
            found = self._prompts[length] = self._tokens[:length]
        return found

    def _first(self, place):
        """A prompt of one token, for the new request at that place of the batch."""
        return [self._tokens[place % len(self._tokens)]]


def some_tokens(count, vocabulary):
    """Tokens that are the same each time, and are in no order."""
    choose = random.Random(7).randrange
    return [choose(vocabulary) for _ in range(count)]
