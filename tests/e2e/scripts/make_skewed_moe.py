"""Makes a tiny mixture of experts whose routers are unfair on purpose.

usage: make_skewed_moe.py MODEL OUT

MODEL is the folder of the tiny mixture of experts (8 experts, top 2). In each layer experts 0 and 1
have nearly the same router weights, so that they are chosen together; 2 and 3 have the opposite of
them; the others come in opposite pairs too, much weaker, and expert 7 has none: of two opposites one
is always above zero, so it is never among the first two.
"""

import os
import shutil
import sys

import torch
from transformers import AutoConfig, AutoModelForCausalLM

source, target = sys.argv[1:]
torch.manual_seed(7)
config = AutoConfig.from_pretrained(source)
model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
with torch.no_grad():
    for name, weights in model.named_parameters():
        if not name.endswith("mlp.gate.weight"):
            continue
        strong, weak = torch.randn(2, weights.shape[1]).to(weights.dtype)
        weights.zero_()
        weights[0], weights[1] = strong, 1.01 * strong
        weights[2], weights[3] = -strong, -1.01 * strong
        weights[4], weights[5] = 0.01 * weak, -0.01 * weak
model.save_pretrained(target)
for name in ("tokenizer.json", "tokenizer_config.json"):
    shutil.copy(os.path.join(source, name), target)
