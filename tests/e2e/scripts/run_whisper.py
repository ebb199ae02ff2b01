"""Generates from three synthetic tones with the tiny Whisper of argv[1]; argv[2], optional: dtype."""

import json
import sys


def main():
    import os

    weights = os.path.exists(os.path.join(sys.argv[1], "model.safetensors"))
    load_format = "auto" if weights else "dummy"

    import numpy as np
    from vllm import LLM, SamplingParams

    rate = 16000
    llm = LLM(model=sys.argv[1], load_format=load_format, enforce_eager=True,
              dtype=sys.argv[2] if len(sys.argv) > 2 else "bfloat16",
              max_model_len=64, max_num_seqs=4, max_num_batched_tokens=512, seed=0,
              limit_mm_per_prompt={"audio": 1})
    prompts = []
    for frequency, seconds in ((220, 1.0), (440, 1.5), (880, 2.0)):
        time = np.arange(int(rate * seconds)) / rate
        audio = (0.5 * np.sin(2 * np.pi * frequency * time)).astype(np.float32)
        prompts.append({
            "encoder_prompt": {"prompt": "", "multi_modal_data": {"audio": (audio, rate)}},
            "decoder_prompt": {"prompt": "<|startoftranscript|><|en|><|transcribe|><|notimestamps|>"},
        })
    outputs = llm.generate(prompts, SamplingParams(temperature=0, max_tokens=8, ignore_eos=True))
    print("ANSWERS", json.dumps([list(output.outputs[0].token_ids) for output in outputs]), flush=True)


if __name__ == "__main__":
    main()
