"""An LLM that is ready for shots, and the check that a test's extension of its worker makes of them."""

import json
import os
import tempfile


def check(extension, model, catalog, args=(), iterations=2, **engine):
    """What a sweep knows of the engine, what vscope_check(*args) found, and how many rows are in the journal."""
    from vllm import LLM

    llm = LLM(
        model=model,
        load_format="dummy",
        enforce_eager=True,
        skip_tokenizer_init=True,
        enable_prefix_caching=False,
        block_size=32,
        async_scheduling=False,
        worker_extension_cls=extension,
        **engine,
    )
    with tempfile.TemporaryDirectory() as folder:
        request = {"tp": 1, "sweep": 1, "iterations": iterations, "catalog": catalog}
        request["journal"] = os.path.join(folder, "journal.log")
        facts = json.loads(llm.collective_rpc("vscope_prepare", args=(request,))[0])
        found = json.loads(llm.collective_rpc("vscope_check", args=args)[0])
        with open(request["journal"]) as file:
            return facts, found, sum(1 for _ in file)
