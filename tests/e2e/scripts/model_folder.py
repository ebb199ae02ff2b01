"""What the scripts that make tiny models share: a folder of JSON files, and a tokenizer trained on the spot."""

import json
import os

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers


class ModelFolder:
    """A model's folder, made if it is missing."""

    def __init__(self, path):
        self.path = path
        os.makedirs(path, exist_ok=True)

    def write(self, name, value):
        """Writes a JSON file."""
        with open(os.path.join(self.path, name), "w", encoding="utf-8") as file:
            json.dump(value, file, indent=2)
            file.write("\n")

    def train_tokenizer(self, sentences, special):
        """Writes tokenizer.json, a byte-level BPE of at most 512 tokens, and returns the tokenizer."""
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=512,
            special_tokens=special,
            show_progress=False,
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        )
        tokenizer.train_from_iterator(sentences, trainer)
        tokenizer.save(os.path.join(self.path, "tokenizer.json"))
        return tokenizer
