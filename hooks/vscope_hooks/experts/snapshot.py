"""Copies of the counters on the host, made without waiting for the device."""

import numpy
import torch

# Counts on the device are 32 bits wide and wrap around; on the host they are 64.
WRAP = 1 << 32


class Copy:
    """A copy of some counters that is under way."""

    def __init__(self, parts, facts):
        self.facts = facts
        self.host = {}
        self._event = None
        for name, tensor in parts.items():
            if tensor.is_cuda:
                target = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
                self.host[name] = target.copy_(tensor, non_blocking=True)
            else:
                self.host[name] = tensor.clone()
        if any(tensor.is_cuda for tensor in parts.values()):
            self._event = torch.cuda.Event()
            self._event.record()

    def ready(self):
        return self._event is None or self._event.query()


class Totals:
    """Counts since the session began, from one copy to the next."""

    def __init__(self):
        self.counts = {}
        self._last = {}

    def take(self, name, values):
        """Adds what has come since the last copy of that name, and returns it (int64)."""
        now = values.astype(numpy.int64)
        before = self._last.get(name)
        delta = now if before is None else (now - before) % WRAP
        self._last[name] = now
        if name in self.counts:
            self.counts[name] += delta
        else:
            self.counts[name] = delta.copy()
        return delta
