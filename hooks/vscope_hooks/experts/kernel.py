"""One kernel that counts a router's choice: load, pairs, weight bins and samples."""

import triton
import triton.language as tl

from .counters import BINS

ROWS = 4


@triton.jit
def _count(
    ids_ptr,
    weights_ptr,
    control_ptr,
    load_ptr,
    pairs_ptr,
    bins_ptr,
    sample_ids_ptr,
    sample_weights_ptr,
    ids_stride_row,
    ids_stride_column,
    weights_stride_row,
    weights_stride_column,
    experts,
    K: tl.constexpr,
    BIN_COUNT: tl.constexpr,
    SAMPLES: tl.constexpr,
    PAIRS: tl.constexpr,
    ROW_BLOCK: tl.constexpr,
    SAMPLE_BLOCK: tl.constexpr,
):
    block = tl.program_id(0)
    column = tl.program_id(1)
    tokens = tl.load(control_ptr)
    rows = block * ROW_BLOCK + tl.arange(0, ROW_BLOCK)
    if block * ROW_BLOCK < tokens:
        here = rows < tokens
        chosen = tl.load(
            ids_ptr + rows * ids_stride_row + column * ids_stride_column, mask=here, other=-1
        ).to(tl.int32)
        here = here & (chosen >= 0) & (chosen < experts)
        tl.atomic_add(load_ptr + chosen, 1, mask=here, sem="relaxed")
        weight = tl.load(
            weights_ptr + rows * weights_stride_row + column * weights_stride_column,
            mask=here,
            other=0.0,
        ).to(tl.float32)
        bin_of = tl.minimum(tl.maximum(weight * BIN_COUNT, 0.0), BIN_COUNT).to(tl.int32)
        tl.atomic_add(bins_ptr + bin_of, 1, mask=here, sem="relaxed")
        if PAIRS:
            for other in tl.static_range(K):
                if other < column:
                    beside = tl.load(
                        ids_ptr + rows * ids_stride_row + other * ids_stride_column,
                        mask=here,
                        other=-1,
                    ).to(tl.int32)
                    both = here & (beside >= 0) & (beside < experts)
                    low = tl.minimum(chosen, beside)
                    high = tl.maximum(chosen, beside)
                    tl.atomic_add(
                        pairs_ptr + low * experts + high, 1, mask=both, sem="relaxed"
                    )
    if block == 0:
        for start in tl.static_range(0, SAMPLES, SAMPLE_BLOCK):
            sample = start + tl.arange(0, SAMPLE_BLOCK)
            place = tl.load(control_ptr + 1 + SAMPLES + sample, mask=sample < SAMPLES, other=SAMPLES)
            wanted = place < SAMPLES
            row = tl.load(control_ptr + 1 + sample, mask=wanted, other=0)
            expert = tl.load(
                ids_ptr + row * ids_stride_row + column * ids_stride_column, mask=wanted, other=0
            )
            value = tl.load(
                weights_ptr + row * weights_stride_row + column * weights_stride_column,
                mask=wanted,
                other=0.0,
            )
            tl.store(sample_ids_ptr + place * K + column, expert.to(tl.int32), mask=wanted)
            tl.store(sample_weights_ptr + place * K + column, value.to(tl.float32), mask=wanted)


def count_on_gpu(counters, layer, ids, weights):
    """Launches the kernel on the current stream."""
    rows, top_k = ids.shape
    if rows == 0:
        return
    pairs = counters.pairs
    _count[(triton.cdiv(rows, ROWS), top_k)](
        ids,
        weights,
        counters.control,
        counters.load[layer],
        counters.load[layer] if pairs is None else pairs[layer],
        counters.bins[layer],
        counters.sample_ids[layer],
        counters.sample_weights[layer],
        ids.stride(0),
        ids.stride(1),
        weights.stride(0),
        weights.stride(1),
        counters.experts,
        K=top_k,
        BIN_COUNT=BINS,
        SAMPLES=counters.samples,
        PAIRS=pairs is not None,
        ROW_BLOCK=ROWS,
        SAMPLE_BLOCK=64,
        num_warps=1,
    )
