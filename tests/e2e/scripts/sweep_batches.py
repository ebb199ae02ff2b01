"""Usage: sweep_batches.py MODEL SEED. Fires many shots, and compares what attention is told with each.

Once with passes that warm up and sample, and once without. Prints FOUND and a JSON document. Between shots
nothing is cleaned by hand: a request or a block that one leaves behind shows in another.
"""

import collections
import json
import random
import sys

from swept_llm import check
from vscope_sweep import cache, extension

CATALOG = {"attention": {"attention": {"vllm": ["Attention"], "together": "mean"}}}
BLOCKS = 129


def shots(seed):
    """Shots in the order of grids and in none, small ones and ones that fill the cache."""
    rng = random.Random(seed)
    found = [[[n, 0, 1]] for n in (1, 2, 15, 64, 300)]
    found += [[[1, 0, n]] for n in (1, 3, 16, 7)]
    found += [[[chunk, before, 1], [1, kv, n]] for chunk, before in ((16, 0), (16, 32), (64, 32))
              for n in (1, 4, 15) for kv in (16, 64, 200)]
    for n in (2, 8, 16):
        found += [[[1, 40, n]], [[1, 160, n]], [[1, 160, n // 2], [1, 20, n - n // 2]]]
    # Of 128 blocks of 32 tokens: most by one, by all, by one again, and one that is too large.
    found += [[[1, 4000, 1]], [[1, 255, 16]], [[1, 4000, 1]], [[1, 250, 16]], [[1, 4000, 1], [1, 100, 1]]]
    found += [[[2, 6, 8], [1, 30, 8]], [[2, 6, 3], [1, 0, 2], [5, 100, 2]]]
    for _ in range(60):
        n = rng.randint(1, 12)
        runs = [[1, rng.choice((0, 1, 31, 32, rng.randint(0, 300))), n]]
        if rng.random() < 0.5:
            runs.insert(0, [rng.randint(2, 120), rng.choice((0, 5, 100)), 1])
        if rng.random() < 0.3:
            runs.append([1, rng.randint(0, 60), rng.randint(1, 3)])
        found.append(runs)
    return found


def empty(caches):
    """The largest share of zeros in a cache, of the engine's and of others that lie in memory in other ways."""
    import torch

    others = [
        torch.zeros(2, 300, 16, 4, 8),
        torch.zeros(50, 2, 4, 16, 8, dtype=torch.bfloat16).permute(1, 0, 3, 2, 4),
        # Rows with something else between them.
        torch.zeros(40, 900)[:, :600],
        torch.zeros(3, 5000, dtype=torch.uint8),
        torch.zeros(5),
    ]
    # They are no larger than a piece would be.
    cache.PIECE = 1000
    cache.fill_cache([*others[:2], tuple(others[2:])])
    return max(float((one == 0).float().mean()) for one in [*others, *caches])


class Extension(extension.Extension):
    def vscope_check(self, seed):
        from vllm.forward_context import get_forward_context

        zeros = empty(self.model_runner.kv_caches)
        sweep, wrong, seen = self._vscope, [], collections.Counter()
        runner, fail = sweep.runner, [False]
        sampled, sample = [0], runner.sample_tokens

        def count(*args):
            sampled[0] += 1
            return sample(*args)

        runner.sample_tokens = count
        runs_now = [None]

        def look(_, args, kwargs):
            if fail[0]:
                raise ValueError("planted")
            metadata = get_forward_context().attn_metadata
            metadata = next(iter(metadata.values())) if isinstance(metadata, dict) else metadata
            starts = metadata.query_start_loc.tolist()
            lengths = metadata.seq_lens.tolist()
            positions = (kwargs.get("positions") if "positions" in kwargs else args[1]).tolist()
            tokens = (kwargs.get("input_ids") if "input_ids" in kwargs else args[0]).tolist()
            slots, tables = metadata.slot_mapping.tolist(), metadata.block_table.tolist()
            size, used, asked = sweep.batches.groups[0], set(), []
            for place, length in enumerate(lengths):
                first, last = starts[place], starts[place + 1]
                new = last - first
                if new == 0:
                    continue
                asked.append((new, length - new))
                # The model has a few hundred different ones.
                if new >= 8 and len(set(tokens[first:last])) < min(new, 300) / 2:
                    wrong.append([runs_now[0], "tokens that are alike", tokens[first:last][:8]])
                if positions[first:last] != list(range(length - new, length)):
                    wrong.append([runs_now[0], "positions", positions[first:last][:4], length])
                blocks = tables[place][: -(-length // size)]
                if 0 in blocks or used & set(blocks) or len(set(blocks)) != len(blocks):
                    wrong.append([runs_now[0], "blocks that are another's", blocks[:8]])
                used |= set(blocks)
                expected = [blocks[at // size] * size + at % size for at in range(length - new, length)]
                if slots[first:last] != expected:
                    wrong.append([runs_now[0], "slots", slots[first:last][:4], expected[:4]])
            every = [(new, history) for new, history, count in runs_now[0] for _ in range(count)]
            # In the order of vLLM's scheduler: what is decoded first, then chunks of prompts.
            wanted = [one for one in every if one[0] == 1] + [one for one in every if one[0] > 1]
            if asked != wanted:
                wrong.append([runs_now[0], "requests", asked])
            seen["passes"] += 1

        runner.get_model().register_forward_pre_hook(look, with_kwargs=True)
        # On a CPU a first pass takes longer now and then: each shot has its passes and no more.
        extension.is_cold = lambda samples: False
        failed = []
        for lean in (False, True):
            # Three passes either way: with or without one that warms up.
            sweep.lean, sweep.iterations = lean, 3 if lean else 2
            for number, runs in enumerate(shots(seed)):
                runs_now[0] = runs
                # Now and then a pass fails in its middle: what it left behind must not be seen.
                fail[0] = number % 17 == 16
                sweep._session([{"k": json.dumps(runs), "r": runs, "l": ["attention"]}], failed)
                if not fail[0]:
                    seen["shots"] += 1
                if set(runner.requests) != sweep.batches.pool.names:
                    wrong.append([runs, "requests in the runner", len(runner.requests)])
        new = runner.requests and max(int(name.split("-")[1]) for name in runner.requests)
        return json.dumps({"wrong": wrong[:5], **seen, "sampled": sampled[0], "failed": failed, "new": new, "zeros": zeros})


def main(model, seed):
    facts, found, journal = check(
        "sweep_batches.Extension",
        model,
        CATALOG,
        (seed,),
        max_model_len=4096,
        max_num_batched_tokens=512,
        max_num_seqs=16,
        num_gpu_blocks_override=BLOCKS,
        hf_overrides={"num_hidden_layers": 1, "max_position_embeddings": 4096},
    )
    found.update(journal=journal, blocks=facts["num_gpu_blocks"])
    print("FOUND " + json.dumps(found), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
