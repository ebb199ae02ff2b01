"""A program for nsys to record: vLLM's own `cuda` profiler marks the range that is to be captured.

usage: nsys_run.py FOLDER dense|experts graphs|eager [layers=N] [requests=N] [tokens=N] [tp=N]

All requests begin in one step and have answers of the same length: the capture holds one prefill step
and TOKENS - 1 decode steps, and what a pipelined scheduler adds. Prints what the client counted.
"""

import json
import sys

from models import DENSE, EXPERTS, engine, make, prompts, sampling


def main():
    folder, model, mode = sys.argv[1:4]
    given = dict(a.split("=") for a in sys.argv[4:])
    number = {name: int(value) for name, value in given.items()}
    config = DENSE if model == "dense" else EXPERTS
    changes = {"num_hidden_layers": number["layers"]} if "layers" in number else {}
    requests, tokens = number.get("requests", 16), number.get("tokens", 16)
    llm = engine(
        make("%s/%s" % (folder, model), config, **changes),
        enforce_eager=mode == "eager",
        gpu_memory_utilization=0.5,
        tensor_parallel_size=number.get("tp", 1),
        max_num_batched_tokens=16384,
        enable_prefix_caching=False,
        profiler_config={"profiler": "cuda"},
    )
    llm.generate(prompts(8, 20, 60), sampling(4))
    llm.start_profile()
    answers = llm.generate(prompts(requests, 200, 400, seed=3), sampling(tokens))
    llm.stop_profile()
    print(
        "CLIENT",
        json.dumps(
            {
                "requests": len(answers),
                "prompt_tokens": sum(len(a.prompt_token_ids) for a in answers),
                "generated_tokens": sum(len(a.outputs[0].token_ids) for a in answers),
                "steps_with_work": tokens,
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    main()
