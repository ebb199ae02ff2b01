"""The model runners of vLLM as a sweep uses them: what must be there, and how a pass is run.

The V1 runner takes the history of a request from each message. The V2 runner counts it on the device
itself, and has to be set back before a request that it has is fired once more.
"""

from .batch import some_tokens

# What a sweep calls or reads on any model runner.
NEEDED = ("execute_model", "sample_tokens", "kv_cache_config", "device")
# What it needs to set a request of the V2 runner back.
V2_STATES = ("req_id_to_index", "num_computed_tokens", "total_len", "prefill_len")
V2_SIDES = {"num_computed_tokens": "gpu", "total_len": "gpu", "prefill_len": "np"}


class Unfit(Exception):
    """A model runner that a sweep cannot use."""


def runner_of(worker):
    """The worker's model runner as a sweep uses it.

    @raises Unfit: with the symbols that are missing.
    """
    runner = getattr(worker, "model_runner", None)
    if runner is None:
        raise Unfit("the worker %s has no model_runner" % _name(worker))
    missing = [name for name in NEEDED if not hasattr(runner, name)]
    if not hasattr(runner, "get_model") and not hasattr(runner, "model"):
        missing.append("get_model")
    if missing:
        raise Unfit("the model runner %s has no %s" % (_name(runner), ", ".join(missing)))
    states = getattr(runner, "req_states", None)
    if states is None:
        return V1(runner)
    lacking = [name for name in V2_STATES if not hasattr(states, name)]
    for name, side in V2_SIDES.items():
        if name not in lacking and not hasattr(getattr(states, name), side):
            lacking.append("%s.%s" % (name, side))
    if lacking:
        raise Unfit(
            "the %s of the model runner %s has no %s"
            % (_name(states), _name(runner), ", ".join(lacking))
        )
    return V2(runner)


class V1:
    kind = "v1"

    def __init__(self, runner):
        self.runner = runner

    def fire(self, message, sampling=True):
        """Runs one pass, and waits for what it answers. Without sampling nothing is waited for."""
        import torch

        with torch.inference_mode():
            self.prepare(message)
            output = self.runner.execute_model(message)
            if output is None and message.total_num_scheduled_tokens > 0:
                if not sampling:
                    self.recover()
                    return
                output = self.runner.sample_tokens(None)
            # An answer that is still on its way from the GPU is taken in, as the engine would.
            if hasattr(output, "get_output"):
                output.get_output()

    def fill_tokens(self, vocabulary):
        """Has requests that decode begin with tokens that differ: no message brings any, and all would be 0."""
        import numpy

        tokens = getattr(getattr(self.runner, "input_batch", None), "token_ids_cpu", None)
        if tokens is not None:
            given = numpy.array(some_tokens(tokens.shape[1], vocabulary), dtype=tokens.dtype)
            for place, row in enumerate(tokens):
                row[:] = numpy.roll(given, place)

    def prepare(self, message):
        """Before a pass: nothing, the message says it all."""

    def recover(self):
        """After a pass that raised, or that is not to sample: what it left half done is forgotten."""
        if hasattr(self.runner, "execute_model_state"):
            self.runner.execute_model_state = None


class V2(V1):
    kind = "v2"

    def __init__(self, runner):
        super().__init__(runner)
        # The message that the tensors are of, and they.
        self._of = None
        self._tensors = None

    def fill_tokens(self, vocabulary):
        import torch

        tokens = getattr(self.runner.req_states, "last_sampled_tokens", None)
        if tokens is not None:
            given = some_tokens(tokens.numel(), vocabulary)
            tokens.copy_(torch.tensor(given, dtype=tokens.dtype).view(tokens.shape))

    def prepare(self, message):
        cached = message.scheduled_cached_reqs
        if not cached.req_ids:
            return
        states = self.runner.req_states
        if self._of is not message:
            self._tensors = self._back(states, cached)
            self._of = message
        rows, computed, lengths = self._tensors
        states.num_computed_tokens.gpu[rows] = computed
        states.total_len.gpu[rows] = lengths

    def _back(self, states, cached):
        import torch

        places = [states.req_id_to_index[name] for name in cached.req_ids]
        device = states.num_computed_tokens.gpu.device
        lengths = [int(states.prefill_len.np[place]) for place in places]
        return (
            torch.tensor(places, dtype=torch.int64, device=device),
            torch.tensor(
                cached.num_computed_tokens, dtype=states.num_computed_tokens.gpu.dtype, device=device
            ),
            torch.tensor(lengths, dtype=states.total_len.gpu.dtype, device=device),
        )


def _name(thing):
    return "%s.%s" % (type(thing).__module__, type(thing).__name__)
