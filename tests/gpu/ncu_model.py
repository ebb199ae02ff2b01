"""Writes a model folder that a server can start from: sizes, no weights, and a tokenizer of as many words.

usage: ncu_model.py FOLDER dense|experts
"""

import json
import sys

from models import DENSE, EXPERTS, make


def main():
    folder, name = sys.argv[1:3]
    # Eight layers have the same kernels as all of them.
    config = dict(DENSE if name == "dense" else EXPERTS, num_hidden_layers=8)
    path = make("%s/%s" % (folder, name), config)
    size = config["vocab_size"]
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": None,
        "decoder": None,
        "model": {
            "type": "WordLevel",
            "vocab": {"t%d" % number: number for number in range(size)},
            "unk_token": "t0",
        },
    }
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": "t%d" % config["eos_token_id"],
        "bos_token": "t%d" % config["bos_token_id"],
        "unk_token": "t0",
        "model_max_length": config["max_position_embeddings"],
    }
    for file, document in (("tokenizer.json", tokenizer), ("tokenizer_config.json", settings)):
        with open("%s/%s" % (path, file), "w", encoding="utf-8") as handle:
            json.dump(document, handle)


if __name__ == "__main__":
    main()
