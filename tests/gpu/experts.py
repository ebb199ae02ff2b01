"""Counts of experts against those that vLLM itself returns with each answer, under CUDA graphs.

usage: experts.py FOLDER [eager] [eplb] [layers=N]     with the hooks on PYTHONPATH

`eplb`: two ranks with half of the experts each, and vLLM's load balancer with four replicas.

Prints one JSON line with vLLM's own count per layer and expert, of the same run.
"""

import json
import sys

from models import EXPERTS, engine, make, prompts, sampling


def main():
    folder = sys.argv[1]
    layers = next((int(a[7:]) for a in sys.argv if a.startswith("layers=")), 4)
    balanced = {}
    if "eplb" in sys.argv:
        balanced = dict(
            tensor_parallel_size=2,
            enable_expert_parallel=True,
            enable_eplb=True,
            eplb_config={"window_size": 40, "step_interval": 20, "num_redundant_experts": 4},
        )
    llm = engine(
        make(folder + "/model", EXPERTS, num_hidden_layers=layers),
        enforce_eager="eager" in sys.argv,
        gpu_memory_utilization=0.6,
        enable_return_routed_experts=True,
        enable_prefix_caching=False,
        # A request that ends is scheduled once more otherwise, and no answer tells of that step.
        async_scheduling=False,
        **balanced,
    )
    answers = llm.generate(prompts(40, 10, 300), sampling(32))
    import numpy

    counts = numpy.zeros((layers, 128), dtype=numpy.int64)
    rows = 0
    for answer in answers:
        parts = (getattr(answer, "prompt_routed_experts", None), answer.outputs[0].routed_experts)
        for part in [part for part in parts if part is not None]:
            rows += part.shape[0]
            for layer in range(layers):
                counts[layer] += numpy.bincount(part[:, layer].reshape(-1), minlength=128)
    print(
        "CLIENT",
        json.dumps(
            {
                "rows": rows,
                "prompt_tokens": sum(len(a.prompt_token_ids) for a in answers),
                "generated_tokens": sum(len(a.outputs[0].token_ids) for a in answers),
                "counts": counts.tolist(),
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    main()
