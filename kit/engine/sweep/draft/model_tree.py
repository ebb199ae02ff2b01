"""Looks at a model as vLLM builds it: its modules, and in which order a forward pass calls them.

usage: python -m vscope_model_tree REQUEST

REQUEST is a JSON file: `model` (a folder with a config.json), `arguments` of vllm.LLM, and `answer`, the
file that the tree is written to. The engine has dummy weights, and gets one prompt of a few tokens.
"""

import dataclasses
import json
import os
import sys

PROMPT_TOKENS = 4
# Stands for the sampler, which belongs to the model runner and not to the model.
SAMPLER = "<sampler>"


class Extension:
    """What vLLM adds to its worker; answers are JSON texts."""

    def vscope_watch(self):
        runner = self.model_runner
        model = runner.get_model() if hasattr(runner, "get_model") else runner.model
        self._vscope_tree = Tree(model, getattr(runner, "sampler", None))

    def vscope_tree(self):
        return json.dumps(self._vscope_tree.answer())


class Tree:
    def __init__(self, model, sampler):
        self.modules = []
        self.calls = []
        self.widths = {}
        for path, module in model.named_modules():
            self._add(path, module)
        if sampler is not None:
            self.modules.append({"path": SAMPLER, "class": type(sampler).__name__})

    def _add(self, path, module):
        entry = {"path": path, "class": type(module).__name__}
        if is_attention(module):
            entry["attention"] = True
        if has_experts(module):
            entry["experts"] = True
        # Not the weight's shape: a backend may keep weights in a form of its own.
        outputs = getattr(module, "output_size_per_partition", None)
        if isinstance(outputs, int):
            entry["outputs"] = outputs
        self.modules.append(entry)

        def before(_, args, kwargs):
            self.calls.append(path)
            for value in (*args, *kwargs.values()):
                if hasattr(value, "shape") and len(value.shape) > 0:
                    self.widths.setdefault(path, int(value.shape[-1]))
                    break

        module.register_forward_pre_hook(before, with_kwargs=True)

    def answer(self):
        for entry in self.modules:
            if entry["path"] in self.widths:
                entry["width"] = self.widths[entry["path"]]
        return {"modules": self.modules, "calls": self.calls}


def is_attention(module):
    """Whether a module has a KV cache of its own."""
    try:
        from vllm.model_executor.layers.attention_layer_base import AttentionLayerBase

        return isinstance(module, AttentionLayerBase)
    except ImportError:
        return hasattr(module, "kv_cache") and hasattr(module, "impl")


def has_experts(module):
    router = getattr(module, "router", None)
    return hasattr(router, "select_experts") or any(
        "FusedMoE" in base.__name__ for base in type(module).__mro__
    )


def main(path):
    with open(path, encoding="utf-8") as file:
        request = json.load(file)

    def answer(**values):
        with open(request["answer"] + ".tmp", "w", encoding="utf-8") as file:
            json.dump(values, file)
        os.replace(request["answer"] + ".tmp", request["answer"])

    try:
        import vllm
        from vllm.engine.arg_utils import EngineArgs

        known = {field.name for field in dataclasses.fields(EngineArgs)}
        arguments = {name: value for name, value in request["arguments"].items() if name in known}
        llm = vllm.LLM(
            model=request["model"],
            worker_extension_cls="vscope_model_tree.Extension",
            **arguments,
        )
        llm.collective_rpc("vscope_watch")
        llm.generate(
            [{"prompt_token_ids": [1] * PROMPT_TOKENS}],
            vllm.SamplingParams(max_tokens=1, temperature=0, ignore_eos=True, detokenize=False),
            use_tqdm=False,
        )
        tree = json.loads(llm.collective_rpc("vscope_tree")[0])
        answer(vllm=vllm.__version__, **tree)
    except Exception as error:
        answer(failed=("%s: %s" % (type(error).__name__, error)).strip()[:2000])
        raise


if __name__ == "__main__":
    main(sys.argv[1])
