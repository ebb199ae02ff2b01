"""Requests of many shapes for one engine of a whole model, in laps that are alike but for their chances.

usage: load.py JSON      engine (arguments of vllm.LLM), waves (a list of: requests, shortest, longest,
                         answers, all but the first in tokens), laps (the first one warms up), seed

Within a session of vscope `laps.json` tells when each lap began, in seconds of the session.
"""

import json
import os
import random
import sys
import time


def begun(laps):
    """Keeps the beginnings where the session is."""
    folder = os.environ.get("VSCOPE_SESSION_DIR")
    if folder:
        with open(os.path.join(folder, "laps.json"), "w", encoding="utf-8") as file:
            json.dump({"began_sec": laps}, file)


def main():
    from vllm import LLM, SamplingParams

    asked = json.loads(sys.argv[1])
    llm = LLM(**dict({"load_format": "dummy", "skip_tokenizer_init": True}, **asked["engine"]))
    vocabulary = llm.llm_engine.model_config.get_vocab_size()
    chance = random.Random(asked["seed"])
    start = float(os.environ.get("VSCOPE_SESSION_START", "0"))
    laps = []
    for _ in range(asked["laps"]):
        laps.append(round(time.time() - start, 6))
        begun(laps)
        for wave in asked["waves"]:
            prompts, params = [], []
            for _ in range(wave["requests"]):
                length = chance.randint(wave["shortest"], wave["longest"])
                prompts.append({"prompt_token_ids": [chance.randrange(vocabulary) for _ in range(length)]})
                # Requests end one by one, so that batches of every size are there.
                answers = chance.randint(-(-wave["answers"] // 2), wave["answers"])
                params.append(
                    SamplingParams(max_tokens=answers, temperature=0, ignore_eos=True, detokenize=False)
                )
            llm.generate(prompts, params, use_tqdm=False)
    laps.append(round(time.time() - start, 6))
    begun(laps)


if __name__ == "__main__":
    main()
