"""Loads a model with vLLM's LLM class and takes Metal frame captures of it, one prompt each.

Started by `vscope metal --offline` with a JSON file; what happens is appended to a file of events,
one JSON document a line, because vLLM owns the output.
"""

import inspect
import json
import os
import sys
import time


def traces(folder):
    """Paths of the traces below a folder."""
    found = set()
    for at, folders, files in os.walk(folder):
        named = [name for name in folders + files if name.endswith(".gputrace")]
        found.update(os.path.join(at, name) for name in named)
        folders[:] = [name for name in folders if name not in named]
    return found


def timed(call):
    begin = time.perf_counter()
    result = call()
    return result, time.perf_counter() - begin


def main(path):
    with open(path) as file:
        config = json.load(file)
    events = open(config["events"], "a", buffering=1)

    def tell(event, **more):
        events.write(json.dumps({"event": event, **more}) + "\n")

    from vllm import LLM, SamplingParams

    profiler = {"profiler": "torch", "torch_profiler_dir": config["trace_dir"]}
    llm, seconds = timed(lambda: LLM(model=config["model"], profiler_config=profiler, **config["engine"]))
    try:
        length = llm.llm_engine.model_config.max_model_len
    except Exception:
        length = None
    tell("loaded", seconds=seconds, max_model_len=length)
    params = SamplingParams(max_tokens=config["max_tokens"], temperature=0, ignore_eos=True)

    def generate():
        return llm.generate([config["prompt"]], params)

    if config["warmup"]:
        tell("uncaptured", seconds=timed(generate)[1])
    takes_prefix = "profile_prefix" in inspect.signature(llm.start_profile).parameters
    for number, prefix in enumerate(config["prefixes"], 1):
        before = traces(config["trace_dir"])
        tell("starting", number=number)
        try:
            llm.start_profile(**({"profile_prefix": prefix} if takes_prefix else {}))
        except Exception as error:
            tell("refused", number=number, message=f"{type(error).__name__}: {error}")
            return 1
        stop_seconds = None
        try:
            outputs, seconds = timed(generate)
        finally:
            stop_seconds = timed(llm.stop_profile)[1]
        tell(
            "captured",
            number=number,
            request_seconds=seconds,
            stop_seconds=stop_seconds,
            prompt_tokens=len(outputs[0].prompt_token_ids or []),
            completion_tokens=len(outputs[0].outputs[0].token_ids),
            traces=sorted(traces(config["trace_dir"]) - before),
        )
    return 0


# vLLM starts its engine in a process that imports this file again.
if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
