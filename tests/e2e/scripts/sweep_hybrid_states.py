"""Usage: sweep_hybrid_states.py MODEL. Fires shots at a hybrid, and looks at the states that its layers are given.

MODEL has layers with Mamba 2 and with attention. Prints FOUND and a JSON document.
"""

import collections
import json
import sys

from swept_llm import check
from vscope_sweep import extension

CATALOG = {"attention": {"attention": {"vllm": ["GraniteMoeHybridAttention", "MambaMixer2"]}}}
SHOTS = [
    [[9, 0, 1]],
    [[1, 40, 3]],
    [[1, 0, 2]],
    [[16, 0, 1], [1, 40, 3]],
    [[16, 70, 1], [1, 100, 2]],
    [[5, 0, 1], [7, 33, 1], [1, 200, 2]],
    [[1, 500, 4]],
    [[1, 40, 1], [1, 300, 3]],
    [[16, 70, 1]],
]


class Extension(extension.Extension):
    def vscope_check(self):
        from vllm.forward_context import get_forward_context

        sweep, wrong, seen = self._vscope, [], collections.Counter()
        runner, pool = sweep.runner, sweep.batches.pool
        groups = list(runner.kv_cache_config.kv_cache_groups)
        kinds = [type(group.kv_cache_spec).__name__ for group in groups]
        shot = [None]

        def look(*_):
            told = get_forward_context().attn_metadata
            of = [told[group.layer_names[0]] for group in groups]
            attention = of[next(place for place, kind in enumerate(kinds) if kind != "MambaSpec")]
            starts, lengths = attention.query_start_loc.tolist(), attention.seq_lens.tolist()
            rows = [(end - start, length - (end - start)) for start, end, length in zip(starts, starts[1:], lengths)]
            if sorted(rows) != sorted((new, history) for new, history, count in shot[0] for _ in range(count)):
                wrong.append([shot[0], "requests", rows])
            for place, kind in enumerate(kinds):
                if kind == "MambaSpec":
                    look_at(place, of[place], rows)
            requests = (*pool._singles, *pool._chunks)
            every = [block for request in requests for held in request.held for block in held]
            if 0 in every or len(set(every)) != len(every):
                wrong.append([shot[0], "blocks that are another's", sorted(every)[:8]])
            seen["passes"] += 1

        def look_at(place, states, rows):
            # What has a history goes on from its state by one token; all else is a chunk of a prompt.
            decodes, prefills = states.num_decodes, states.num_prefills
            if [new == 1 and history > 0 for new, history in rows] != [True] * decodes + [False] * prefills:
                wrong.append([shot[0], "decodes and prefills", decodes, prefills, rows])
            given = states.state_indices_tensor_d[:, 0].tolist() if decodes else []
            if prefills:
                given += states.state_indices_tensor_p.tolist()
                goes_on = [bool(one) for one in states.has_initial_states_p.tolist()]
                if goes_on != [history > 0 for _, history in rows[decodes:]]:
                    wrong.append([shot[0], "prompts that go on", goes_on])
            requests = {request.name: request for request in (*pool._singles, *pool._chunks)}
            own = [requests[name].held[place] for name in runner.input_batch.req_ids]
            if [[state] for state in given] != own:
                wrong.append([shot[0], "states", given, own])

        runner.get_model().register_forward_pre_hook(look)
        failed = []
        for runs in (*SHOTS, *reversed(SHOTS)):
            shot[0] = runs
            sweep._session([{"k": json.dumps(runs), "r": runs, "l": ["attention"]}], failed)
        return json.dumps({"wrong": wrong[:5], **seen, "failed": failed, "groups": kinds})


def main(model):
    engine = {"max_num_batched_tokens": 64, "max_num_seqs": 4}
    _, found, journal = check("sweep_hybrid_states.Extension", model, CATALOG, **engine)
    print("FOUND " + json.dumps({**found, "journal": journal}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
