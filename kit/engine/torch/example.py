"""The built-in example of `vscope torch --model`: some prompts of random tokens, all at once.

usage: example.py JSON      engine (arguments of LLM), requests, prompt_tokens, output_tokens, seed,
                            api_calls (calls of generate: all but the last warm up)
"""

import json
import random
import sys


def main():
    from vllm import LLM, SamplingParams

    asked = json.loads(sys.argv[1])
    engine = dict({"skip_tokenizer_init": True}, **asked["engine"])
    llm = LLM(**engine)
    rng = random.Random(asked["seed"])
    vocabulary = 256
    try:
        vocabulary = llm.llm_engine.model_config.get_vocab_size()
    except Exception:
        # Every model has these.
        pass

    def prompts(count):
        return [
            {"prompt_token_ids": [rng.randrange(vocabulary) for _ in range(asked["prompt_tokens"])]}
            for _ in range(count)
        ]

    params = SamplingParams(
        max_tokens=asked["output_tokens"], temperature=0, ignore_eos=True, detokenize=False
    )
    for _ in range(asked["api_calls"] - 1):
        llm.generate(prompts(min(4, asked["requests"])), params)
    answers = llm.generate(prompts(asked["requests"]), params)
    generated = sum(len(answer.outputs[0].token_ids) for answer in answers)
    print("%d requests answered, %d tokens generated" % (len(answers), generated))


if __name__ == "__main__":
    main()
