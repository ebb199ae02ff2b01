"""Writes a tiny LLaVA model folder (CLIP tower, Llama text; no weights) to argv[1]."""

import os
import sys

from model_folder import ModelFolder

IMAGE_SIZE = 32
PATCH_SIZE = 8  # 16 patches, and with "default" selection (class token dropped) 16 image tokens
TEXT_POSITIONS = 1024

SPECIAL = ["<pad>", "<bos>", "<eos>", "<image>"]

dest = sys.argv[1]
folder = ModelFolder(dest)
write = folder.write
tokenizer = folder.train_tokenizer(
    ["What does the %s picture show beside the %s?" % (a, b)
     for a in ("red", "green", "small", "striped") for b in ("circle", "square", "line")],
    SPECIAL,
)
image = tokenizer.token_to_id("<image>")

chat_template = (
    "{% for message in messages %}{{ message.role }}: "
    "{% if message.content is string %}{{ message.content }}{% else %}"
    "{% for part in message.content %}{% if part.type == 'image' %}<image>"
    "{% elif part.type == 'text' %}{{ part.text }}{% endif %}{% endfor %}{% endif %}\n"
    "{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}"
)
write("tokenizer_config.json", {
    "tokenizer_class": "PreTrainedTokenizerFast",
    "bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>",
    "model_max_length": TEXT_POSITIONS,
    "clean_up_tokenization_spaces": False,
    "chat_template": chat_template,
})
write("preprocessor_config.json", {
    "processor_class": "LlavaProcessor",
    "image_processor_type": "CLIPImageProcessor",
    "do_convert_rgb": True, "do_resize": True, "size": {"shortest_edge": IMAGE_SIZE}, "resample": 3,
    "do_center_crop": True, "crop_size": {"height": IMAGE_SIZE, "width": IMAGE_SIZE},
    "do_rescale": True, "rescale_factor": 1 / 255,
    "do_normalize": True, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5],
})
write("processor_config.json", {
    "processor_class": "LlavaProcessor",
    "image_token": "<image>", "patch_size": PATCH_SIZE,
    "num_additional_image_tokens": 1, "vision_feature_select_strategy": "default",
})
write("generation_config.json", {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0})
# Last, because its presence says that the model is complete.
write("config.json", {
    "architectures": ["LlavaForConditionalGeneration"],
    "model_type": "llava",
    "image_token_index": image, "image_token_id": image,
    "projector_hidden_act": "gelu", "multimodal_projector_bias": True,
    "vision_feature_layer": -1, "vision_feature_select_strategy": "default",
    "image_seq_length": (IMAGE_SIZE // PATCH_SIZE) ** 2,
    "vocab_size": tokenizer.get_vocab_size(),
    "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0,
    "tie_word_embeddings": False, "torch_dtype": "bfloat16",
    "vision_config": {
        "model_type": "clip_vision_model",
        "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
        "num_attention_heads": 2, "projection_dim": 64,
        "image_size": IMAGE_SIZE, "patch_size": PATCH_SIZE, "num_channels": 3,
        "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5,
    },
    "text_config": {
        "model_type": "llama", "architectures": ["LlamaForCausalLM"],
        "vocab_size": tokenizer.get_vocab_size(),
        "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 32,
        "max_position_embeddings": TEXT_POSITIONS, "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
        "hidden_act": "silu", "attention_bias": False, "tie_word_embeddings": False,
        "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0, "torch_dtype": "bfloat16",
    },
})

if "--weights" in sys.argv[2:]:
    # Optional: noise that is strong enough for answers that depend on the input, as real weights
    # (load_format="auto"); dummy weights are within 0.001 of zero and answer one token for ever.
    import torch
    from transformers import AutoConfig, LlavaForConditionalGeneration

    torch.manual_seed(0)
    model = LlavaForConditionalGeneration(AutoConfig.from_pretrained(dest))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.02 if "embed_tokens" in name else 0.3)
    model.to(torch.bfloat16).save_pretrained(os.path.join(dest, "w"))
    from safetensors.torch import load_file, save_file

    # transformers 5 writes CLIP's names without the "vision_model." that vLLM expects.
    state = {}
    for name, tensor in load_file(os.path.join(dest, "w", "model.safetensors")).items():
        for short in ("vision_tower.", "model.vision_tower."):
            if name.startswith(short) and not name.startswith(short + "vision_model."):
                name = short + "vision_model." + name[len(short):]
        state[name] = tensor
    save_file(state, os.path.join(dest, "model.safetensors"), metadata={"format": "pt"})
    import shutil
    shutil.rmtree(os.path.join(dest, "w"))
