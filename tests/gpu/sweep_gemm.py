"""Usage: sweep_gemm.py CONFIG. Times of the linear layers of a model by torch alone, as JSON.

By replays of CUDA graphs between two events, which have no launches between kernels. The second-level
cache is emptied before each product, as the rest of a model does; that alone is timed too and taken off.
Layers are named as in vscope's architectures; times are microseconds.
"""

import json
import statistics
import sys

TOKENS = (16, 64, 128, 256, 512, 1024, 2048)
REPEATS, ROUNDS = 20, 15


def shapes(config):
    """(rows of the input, rows of the output) by layer."""
    hidden, heads = config["hidden_size"], config["num_attention_heads"]
    head = config.get("head_dim") or hidden // heads
    keys = config["num_key_value_heads"]
    return {
        "qkv_proj": (hidden, (heads + 2 * keys) * head),
        "o_proj": (heads * head, hidden),
        "gate_up_proj": (hidden, 2 * config["intermediate_size"]),
        "down_proj": (config["intermediate_size"], hidden),
    }


def replay_us(torch, work):
    """Median time of one of the repeats that a graph of `work` has."""
    work()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(REPEATS):
            work()
    times = []
    for _ in range(ROUNDS):
        first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        first.record()
        graph.replay()
        last.record()
        last.synchronize()
        times.append(1000 * first.elapsed_time(last) / REPEATS)
    return statistics.median(times)


def main(path):
    import torch

    with open(path) as file:
        config = json.load(file)
    torch.manual_seed(7)
    cache = torch.cuda.get_device_properties(0).L2_cache_size
    other = torch.empty(2 * cache, dtype=torch.uint8, device="cuda")
    found = {}
    with torch.inference_mode():
        for layer, (width, out) in shapes(config).items():
            weight = torch.randn(out, width, dtype=torch.bfloat16, device="cuda")
            for tokens in TOKENS:
                given = torch.randn(tokens, width, dtype=torch.bfloat16, device="cuda")

                def product():
                    other.add_(1)
                    torch.nn.functional.linear(given, weight)

                emptied = replay_us(torch, lambda: other.add_(1))
                found.setdefault(layer, {})[tokens] = replay_us(torch, product) - emptied
    print(json.dumps({"gpu": torch.cuda.get_device_name(), "us": found}))


main(sys.argv[1])
