"""Usage: sweep_gemm.py CONFIG. Times of the linear layers of a model by torch alone, as JSON.

By replays of CUDA graphs between two events, which have no launches between kernels. The second-level
cache is emptied before each product, as the rest of a model does; that alone is timed too and taken off.
Layers are named as in vscope's architectures; times are microseconds, measured in three ways:

  us         what a sweep has: weights as vLLM's dummy ones, an input as small, one product at a time and a pause
             before it
  us_alike   the same where all rows of the input are alike, as in sweeps whose prompts repeated one token
  us_random  weights and inputs that are normal: they take more power
  us_busy    those in a row without a pause, so that a power limit holds the clock down
"""

import json
import statistics
import sys
import time

TOKENS = (16, 64, 128, 256, 512, 1024, 2048)
ROUNDS = 15
IN_A_ROW = 20
# About what a sweep leaves between two forward passes of one layer.
PAUSE_SEC = 0.004
# Long enough to hand over a replay and its events, so that the host's part is not in the time.
HOLD_CYCLES = 400_000
# vLLM's initialize_dummy_weights().
DUMMY = 1e-3


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


def replay_us(torch, work, repeats, pause_sec):
    """Median time of one of the repeats that a graph of `work` has."""
    work()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(repeats):
            work()
    times = []
    for _ in range(ROUNDS):
        time.sleep(pause_sec)
        first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda._sleep(HOLD_CYCLES)
        first.record()
        graph.replay()
        last.record()
        last.synchronize()
        times.append(1000 * first.elapsed_time(last) / repeats)
    return statistics.median(times)


def as_in_a_sweep(torch, rows, columns, _weight):
    return torch.empty(rows, columns, dtype=torch.bfloat16, device="cuda").uniform_(-DUMMY, DUMMY)


def alike(torch, rows, columns, weight):
    return as_in_a_sweep(torch, *((rows, columns) if weight else (1, columns)), weight).expand(rows, columns).clone()


def normal(torch, rows, columns, _weight):
    return torch.randn(rows, columns, dtype=torch.bfloat16, device="cuda")


WAYS = {
    "us": (as_in_a_sweep, 1, PAUSE_SEC),
    "us_alike": (alike, 1, PAUSE_SEC),
    "us_random": (normal, 1, PAUSE_SEC),
    "us_busy": (normal, IN_A_ROW, 0),
}


def main(path):
    import torch

    with open(path) as file:
        config = json.load(file)
    torch.manual_seed(7)
    cache = torch.cuda.get_device_properties(0).L2_cache_size
    # Read, as the vocabulary's matrix is: what is written waits to be written back while the product runs.
    other = torch.zeros(cache // 2, dtype=torch.float32, device="cuda")
    total = torch.zeros((), dtype=torch.float32, device="cuda")
    found = {"gpu": torch.cuda.get_device_name()}
    with torch.inference_mode():
        for way, (made, repeats, pause_sec) in WAYS.items():
            emptied = replay_us(torch, lambda: torch.sum(other, dim=0, out=total), repeats, pause_sec)
            for layer, (width, out) in shapes(config).items():
                weight = made(torch, out, width, True)
                for tokens in TOKENS:
                    given = made(torch, tokens, width, False)

                    def product():
                        torch.sum(other, dim=0, out=total)
                        torch.nn.functional.linear(given, weight)

                    both = replay_us(torch, product, repeats, pause_sec)
                    found.setdefault(way, {}).setdefault(layer, {})[tokens] = both - emptied
    print(json.dumps(found))


main(sys.argv[1])
