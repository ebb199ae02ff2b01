"""Counters in the memory of the device, updated by the code that a CUDA graph captures.

Python does not run when a graph is replayed, so a router's choice is counted by kernels that are
launched behind it and captured with it. How many rows of a batch are tokens (the others are padding)
and which of them are sampled is read from `control`, which is written before each pass.

Sizes, for L layers, E experts, top-k K and S sampled tokens: 4·L·E·(E + 1) bytes of counts, 4·65·L
of weight bins, 8·L·S·K of samples. 48 layers of 128 experts: 3.2 MB.
"""

import torch

# Bins of routing weights: [0, 1) in equal parts, and a last one for weights of 1 and above.
BINS = 64
# Above this the pairs are not counted: 61 layers of 384 experts take 36 MB.
MOST_PAIR_BYTES = 256 << 20


class Counters:
    """The counters of one model on one device."""

    def __init__(self, device, layers, experts, top_k, physical, samples):
        self.layers, self.experts, self.top_k = layers, experts, top_k
        self.physical, self.samples = physical, samples

        def zeros(*shape, dtype=torch.int32):
            return torch.zeros(shape, dtype=dtype, device=device)

        # The last place of each row takes what must not be counted.
        self.load = zeros(layers, experts + 1)
        pairs_fit = 4 * layers * experts * experts <= MOST_PAIR_BYTES
        self.pairs = zeros(layers, experts * experts + 1) if pairs_fit else None
        self.bins = zeros(layers, BINS + 2)
        self.physical_load = zeros(layers, physical + 1) if physical else None
        self.sample_ids = zeros(layers, samples + 1, top_k)
        self.sample_weights = zeros(layers, samples + 1, top_k, dtype=torch.float32)
        # Tokens of the batch, then S rows of the batch to keep, then the S places to keep them in.
        self.control = zeros(1 + 2 * samples)
        self.control[1 + samples :] = samples
        places = torch.triu_indices(top_k, top_k, 1, device=device)
        self.first, self.second = places[0], places[1]
        self.kernel = None
        if self.load.is_cuda:
            try:
                from .kernel import count_on_gpu

                self.kernel = count_on_gpu
            except Exception:
                # No Triton: the operations of torch below do the same, more slowly.
                pass

    def count(self, layer, ids, weights):
        """Counts a router's choice. ids, weights: [tokens with padding, top_k]."""
        if self.kernel is not None:
            self.kernel(self, layer, ids, weights)
        else:
            self.count_with_torch(layer, ids, weights)

    def valid_rows(self, ids):
        """[tokens with padding, 1]: whether a row is a token."""
        rows = torch.arange(ids.shape[0], device=ids.device, dtype=torch.int32)
        return (rows < self.control[0])[:, None]

    def count_with_torch(self, layer, ids, weights):
        """What the kernel does, in operations of torch; none of them waits for the device."""
        valid = self.valid_rows(ids) & (ids >= 0) & (ids < self.experts)
        _add(self.load[layer], torch.where(valid, ids, self.experts))
        if self.pairs is not None:
            a, b = ids[:, self.first].long(), ids[:, self.second].long()
            pair = torch.minimum(a, b) * self.experts + torch.maximum(a, b)
            both = valid[:, self.first] & valid[:, self.second]
            _add(self.pairs[layer], torch.where(both, pair, self.experts * self.experts))
        bin_of = (weights.float() * BINS).clamp(0, BINS).to(torch.int32)
        _add(self.bins[layer], torch.where(valid, bin_of, BINS + 1))
        rows = self.control[1 : 1 + self.samples].clamp(max=ids.shape[0] - 1)
        places = self.control[1 + self.samples :].long()
        self.sample_ids[layer].index_copy_(0, places, ids[rows].to(torch.int32))
        self.sample_weights[layer].index_copy_(0, places, weights[rows].float())

    def count_physical(self, layer, ids):
        """Counts the replicas that the expert load balancer chose. ids: [tokens, top_k]."""
        valid = self.valid_rows(ids) & (ids >= 0) & (ids < self.physical)
        _add(self.physical_load[layer], torch.where(valid, ids, self.physical))

    def parts(self):
        """The tensors that a snapshot copies, by name."""
        found = {
            "load": self.load,
            "bins": self.bins,
            "pairs": self.pairs,
            "physical_load": self.physical_load,
            "sample_ids": self.sample_ids,
            "sample_weights": self.sample_weights,
        }
        return {name: tensor for name, tensor in found.items() if tensor is not None}


def _add(row, places):
    places = places.reshape(-1).long()
    row.scatter_add_(0, places, torch.ones_like(places, dtype=row.dtype))
