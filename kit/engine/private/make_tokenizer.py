"""Trains the tokenizer of the tiny models, always to the same result, and saves it to argv[1]."""

import sys

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

VOCABULARY = 1024

TOPICS = """prefill decode batch token cache block request schedule kernel graph attention expert
layer tensor parallel rank replay stream latency throughput memory bandwidth profile trace queue
prompt sample model weight head hidden router gate norm rotary embedding logits page prefix evict
preempt resume budget window chunk worker engine server client socket latch epoch round step""".split()

VERBS = """measures reads writes holds frees moves counts waits starts ends splits joins fills drains
copies maps sorts packs sends takes keeps drops shows hides grows shrinks""".split()


def sentences():
    for index, topic in enumerate(TOPICS):
        for verb in VERBS:
            other = TOPICS[(index * 7 + len(verb)) % len(TOPICS)]
            yield "The %s %s the %s, and then the %s again." % (topic, verb, other, topic)


tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tokenizer.decoder = decoders.ByteLevel()
tokenizer.train_from_iterator(
    sentences(),
    trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=["<pad>", "<bos>", "<eos>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    ),
)
tokenizer.save(sys.argv[1])
