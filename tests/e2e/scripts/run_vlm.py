"""Generates from three synthetic images with the tiny LLaVA of argv[1]; argv[2], optional: dtype."""

import json
import sys


def main():
    import os

    weights = os.path.exists(os.path.join(sys.argv[1], "model.safetensors"))
    load_format = "auto" if weights else "dummy"

    import numpy as np
    from PIL import Image
    from vllm import LLM, SamplingParams

    llm = LLM(model=sys.argv[1], load_format=load_format, enforce_eager=True,
              dtype=sys.argv[2] if len(sys.argv) > 2 else "bfloat16",
              max_model_len=256, max_num_seqs=4, max_num_batched_tokens=512, seed=0,
              limit_mm_per_prompt={"image": 1})
    prompts = []
    for index in range(3):
        rows, columns = np.mgrid[0:40, 0:48]
        pixels = np.stack([rows * 6, columns * 5, (rows * columns * (index + 1)) % 256], axis=-1)
        prompts.append({
            "prompt": "user: <image>What does the picture show?\nassistant: ",
            "multi_modal_data": {"image": Image.fromarray(pixels.astype(np.uint8), "RGB")},
        })
    outputs = llm.generate(prompts, SamplingParams(temperature=0, max_tokens=8, ignore_eos=True))
    print("ANSWERS", json.dumps([list(output.outputs[0].token_ids) for output in outputs]), flush=True)


if __name__ == "__main__":
    main()
