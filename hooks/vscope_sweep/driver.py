"""Makes the engine of one TP degree, and fires the shots that vscope asks for.

usage: python -m vscope_sweep.driver REQUEST

REQUEST is a JSON file: `model`, `arguments` of vllm.LLM, `worker` (what the extension prepares with),
`answers` (a file that events are appended to, a line of JSON each) and `shots` (a file that appears
when vscope knows from the first answer which shots there are: a line each, in the order of firing).
With `rounds` the file appears again after each `done`, until vscope ends this process.
What vLLM prints goes its own way.
"""

import dataclasses
import json
import os
import sys
import time

# One call of the worker lasts about so long: after each the driver says how far it is.
CALL_SECONDS = 0.5


class Answers:
    def __init__(self, path):
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def say(self, event, **values):
        os.write(self._descriptor, (json.dumps({"event": event, **values}) + "\n").encode())


def engine_arguments(wanted):
    """The arguments in words of the vLLM that is here, and those that it does not know."""
    from vllm.engine.arg_utils import EngineArgs
    from vllm.platforms import current_platform

    known = {field.name for field in dataclasses.fields(EngineArgs)}
    arguments = {name: value for name, value in wanted.items() if name in known}
    if current_platform.is_cpu() and "block_size" in arguments:
        # The kernels of the CPU backend take blocks of 32 tokens and multiples of it.
        arguments["block_size"] = -(-arguments["block_size"] // 32) * 32
    if "async_scheduling" in known:
        # No scheduler takes part, and a pass must have ended before the next begins.
        arguments["async_scheduling"] = False
    return arguments, sorted(set(wanted) - known)


def layer_names(model, overrides):
    """The overrides, with the names that the loaded config has for kinds of layers, not those of config.json.

    Transformers calls what a config.json of Granite has as "mamba" linear attention, from one version on.
    """
    wanted = (overrides or {}).get("layer_types")
    if not wanted:
        return overrides
    with open(os.path.join(model, "config.json"), encoding="utf-8") as file:
        written = json.load(file).get("layer_types") or []
    try:
        from transformers import AutoConfig

        loaded = getattr(AutoConfig.from_pretrained(model), "layer_types", None) or []
    except Exception:
        # A config that only vLLM knows: its names are those of the file.
        return overrides
    names = dict(zip(written, loaded))
    return {**overrides, "layer_types": [names.get(name, name) for name in wanted]}


def calls_of(seconds_each, session, largest):
    """How many shots a call takes: whole sessions of the timer, for about CALL_SECONDS."""
    wanted = min(largest, int(CALL_SECONDS / max(seconds_each, 1e-6)))
    return max(1, -(-wanted // session)) * session


def fire(llm, shots, answers, session, largest):
    """Fires shots in calls that last about as long each; stops where the engine is not well."""
    place = 0
    size = session
    while place < len(shots):
        batch = shots[place : place + size]
        began = time.monotonic()
        failed = json.loads(llm.collective_rpc("vscope_fire", args=(batch,))[0])
        seconds = time.monotonic() - began
        place += len(batch)
        answers.say("fired", count=place, failed=failed)
        if any(entry.get("fatal") for entry in failed):
            return False
        size = calls_of(seconds / len(batch), session, largest)
    return True


def wait_for(path):
    """Lines of a file that is renamed into place when it is whole."""
    while not os.path.exists(path):
        time.sleep(0.05)
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def main(path):
    with open(path, encoding="utf-8") as file:
        request = json.load(file)
    answers = Answers(request["answers"])
    try:
        import vllm

        arguments, unknown = engine_arguments(request["arguments"])
        if "hf_overrides" in arguments:
            arguments["hf_overrides"] = layer_names(request["model"], arguments["hf_overrides"])
        llm = vllm.LLM(
            model=request["model"],
            worker_extension_cls="vscope_sweep.extension.Extension",
            **arguments,
        )
        facts = json.loads(llm.collective_rpc("vscope_prepare", args=(request["worker"],))[0])
        answers.say("ready", arguments=arguments, unknown=unknown, vllm=vllm.__version__, **facts)
        session = facts["shots_per_session"]
        while True:
            shots = wait_for(request["shots"])
            whole = fire(llm, shots, answers, session, largest=512)
            if not whole or not request.get("rounds"):
                break
            os.remove(request["shots"])
            answers.say("done")
        answers.say("done" if whole else "unwell")
    except Exception as error:
        answers.say("failed", message=("%s: %s" % (type(error).__name__, error)).strip()[:2000])
        raise


if __name__ == "__main__":
    main(sys.argv[1])
