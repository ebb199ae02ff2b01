"""Writes a tiny Whisper-type model folder (config, tokenizer, feature extractor; no weights) to argv[1]."""

import os
import sys

from model_folder import ModelFolder

CHUNK_SECONDS = 2  # the encoder always sees this much audio, padded
MEL_BINS = 16
HOP = 160
SAMPLE_RATE = 16000
SOURCE_POSITIONS = CHUNK_SECONDS * SAMPLE_RATE // HOP // 2  # 100: conv2 has stride 2
TARGET_POSITIONS = 128

SPECIAL = ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|translate|>", "<|transcribe|>",
           "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"]

dest = sys.argv[1]
folder = ModelFolder(dest)
write = folder.write
tokenizer = folder.train_tokenizer(
    ["the %s speaks to the %s again" % (a, b)
     for a in ("tone", "voice", "sine", "wave") for b in ("encoder", "decoder", "mixer")],
    SPECIAL,
)
ids = {token: tokenizer.token_to_id(token) for token in SPECIAL}
eot, sot = ids["<|endoftext|>"], ids["<|startoftranscript|>"]

write("tokenizer_config.json", {
    "tokenizer_class": "PreTrainedTokenizerFast",
    "bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>",
    "unk_token": "<|endoftext|>",
    "model_max_length": TARGET_POSITIONS,
    "clean_up_tokenization_spaces": False,
})
write("preprocessor_config.json", {
    "processor_class": "WhisperProcessor",
    "feature_extractor_type": "WhisperFeatureExtractor",
    "feature_size": MEL_BINS, "sampling_rate": SAMPLE_RATE, "hop_length": HOP, "n_fft": 400,
    "chunk_length": CHUNK_SECONDS, "n_samples": CHUNK_SECONDS * SAMPLE_RATE,
    "nb_max_frames": CHUNK_SECONDS * SAMPLE_RATE // HOP,
    "padding_side": "right", "padding_value": 0.0, "return_attention_mask": False,
})
write("generation_config.json", {
    "bos_token_id": eot, "eos_token_id": eot, "pad_token_id": eot, "decoder_start_token_id": sot,
})
# Last, because its presence says that the model is complete.
write("config.json", {
    "architectures": ["WhisperForConditionalGeneration"],
    "model_type": "whisper",
    "is_encoder_decoder": True,
    "vocab_size": tokenizer.get_vocab_size(),
    "num_mel_bins": MEL_BINS,
    "d_model": 64,
    "encoder_layers": 2, "encoder_attention_heads": 2, "encoder_ffn_dim": 128,
    "decoder_layers": 2, "decoder_attention_heads": 2, "decoder_ffn_dim": 128,
    "num_hidden_layers": 2,
    "max_source_positions": SOURCE_POSITIONS, "max_target_positions": TARGET_POSITIONS,
    "max_length": TARGET_POSITIONS,
    "activation_function": "gelu", "scale_embedding": False,
    "dropout": 0.0, "attention_dropout": 0.0, "activation_dropout": 0.0,
    "encoder_layerdrop": 0.0, "decoder_layerdrop": 0.0, "init_std": 0.02,
    "bos_token_id": eot, "eos_token_id": eot, "pad_token_id": eot, "decoder_start_token_id": sot,
    "torch_dtype": "bfloat16",
})

if "--weights" in sys.argv[2:]:
    # Optional: noise that is strong enough for answers that depend on the input, as real weights
    # (load_format="auto"); dummy weights are within 0.001 of zero and answer one token for ever.
    import torch
    from transformers import AutoConfig, WhisperForConditionalGeneration

    torch.manual_seed(0)
    model = WhisperForConditionalGeneration(AutoConfig.from_pretrained(dest))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.02 if "embed_tokens" in name else 0.3)
    model.to(torch.bfloat16).save_pretrained(os.path.join(dest, "w"))
    os.replace(os.path.join(dest, "w", "model.safetensors"), os.path.join(dest, "model.safetensors"))
    import shutil
    shutil.rmtree(os.path.join(dest, "w"))
