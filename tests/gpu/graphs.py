"""Replay counts against the graph launches of a torch trace of the same requests.

usage: graphs.py FOLDER [eager]     with the hooks on PYTHONPATH and VLLM_PROFILING_DIR set

Prints one JSON line: what the client counted, and the cudaGraphLaunch events of the trace.
"""

import glob
import gzip
import json
import sys

from models import DENSE, engine, make, prompts, sampling


def launches(folder):
    """cudaGraphLaunch events in the workers' traces."""
    found = 0
    for path in glob.glob(folder + "/**/*.json*", recursive=True):
        opener = gzip.open if path.endswith(".gz") else open
        with opener(path, "rt", encoding="utf-8") as handle:
            events = json.load(handle).get("traceEvents", [])
        found += sum(1 for event in events if event.get("name") == "cudaGraphLaunch")
    return found


def main():
    folder = sys.argv[1]
    traces = folder + "/traces"
    llm = engine(
        make(folder + "/model", DENSE),
        enforce_eager="eager" in sys.argv,
        gpu_memory_utilization=0.25,
        profiler_config={
            "profiler": "torch",
            "torch_profiler_dir": traces,
            "torch_profiler_with_stack": False,
            "ignore_frontend": True,
        },
    )
    # From the first request on: every replay that the hooks count is in the trace.
    llm.start_profile()
    asked = prompts(24, 20, 700) + prompts(8, 1500, 3000, seed=2)
    answers = llm.generate(asked, sampling(24))
    answers += llm.generate(prompts(3, 10, 12, seed=3), sampling(40))
    llm.stop_profile()
    print(
        "CLIENT",
        json.dumps(
            {
                "requests": len(answers),
                "prompt_tokens": sum(len(a.prompt_token_ids) for a in answers),
                "generated_tokens": sum(len(a.outputs[0].token_ids) for a in answers),
                "trace_graph_launches": launches(traces),
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    main()
