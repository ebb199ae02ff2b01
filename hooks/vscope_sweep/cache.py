"""The KV cache of the engine: how much it holds, and what lies in it."""


def room_of(specs, blocks, requests):
    """Tokens of a KV block, and how many tokens the cache holds, counted by such blocks.

    Each group takes blocks of its own for the same tokens. The state of a state space is one block for a request,
    however long that is: those of as many requests as there may be are left out of the count.
    """
    states = [spec for spec in specs if "Mamba" in type(spec).__name__]
    sizes = [spec.block_size for spec in specs if spec not in states]
    # Block 0 is the one that vLLM keeps for nothing.
    free = blocks - 1
    if sizes:
        free -= len(states) * requests
    else:
        sizes = [spec.block_size for spec in specs]
    block = max(sizes)
    each = sum(block // size for size in sizes)
    return block, max(0, free) // each * block


# So many numbers are copied at once: a cache of most of a GPU's memory has millions of blocks.
PIECE = 1 << 24


def fill_cache(caches):
    """Fills the KV cache with small noise.

    Memory that nobody has written may be one page of zeros, which is read faster than a cache is, and
    whatever lies in a GPU's memory may be no number.
    """
    import torch

    for cache in caches or ():
        for tensor in cache if isinstance(cache, (list, tuple)) else (cache,):
            if not isinstance(tensor, torch.Tensor) or tensor.numel() == 0:
                continue
            count = min(PIECE, tensor.numel())
            if tensor.dtype.is_floating_point and tensor.element_size() >= 2:
                source = torch.randn(count, device=tensor.device).mul_(0.1).to(tensor.dtype)
            else:
                # Bytes below 0x40 are small numbers in every kind of fp8.
                tensor = tensor.view(torch.uint8)
                source = torch.randint(0, 0x40, (count,), device=tensor.device, dtype=torch.uint8)
            # As it lies in memory, from the dimension whose entries are the farthest apart.
            _fill(tensor.permute(sorted(range(tensor.dim()), key=tensor.stride, reverse=True)), source)


def _fill(tensor, source):
    each = tensor[0].numel()
    if each > source.numel():
        for part in tensor:
            _fill(part, source)
    else:
        for part in tensor.split(source.numel() // each):
            part.copy_(source[: part.numel()].view(part.shape))
