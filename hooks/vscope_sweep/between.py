"""What lies between two passes of a layer in a whole model: the other layers.

They leave nothing of it in the GPU's second-level cache. In a model of one layer only the vocabulary's matrix
does that, and passes that leave it out need something in its place.
"""


class Between:
    """Empties the second-level cache of a GPU, and waits until it has nothing to do any more."""

    def __init__(self, device):
        self._device = device
        self._much = self._sum = None

    def __call__(self):
        import torch

        if self._much is None:
            # Only where it is wanted: it takes memory.
            properties = torch.cuda.get_device_properties(self._device)
            size = 2 * getattr(properties, "L2_cache_size", 64 << 20)
            self._much = torch.zeros(size // 4, dtype=torch.float32, device=self._device)
            self._sum = torch.zeros((), dtype=torch.float32, device=self._device)
        # What is read leaves nothing to be written back, which the next kernel would wait for.
        torch.sum(self._much, dim=0, out=self._sum)
        # The messages' buffers are used again by the next pass.
        torch.cuda.current_stream().synchronize()


def between(device):
    """The same on a device that has no such cache to be emptied: nothing."""
    return Between(device) if device.type == "cuda" else lambda: None
