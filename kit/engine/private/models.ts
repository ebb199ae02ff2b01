/**
 * Two models small enough for any machine, made on the spot: a dense one and a mixture of experts.
 *
 * They have a real architecture and a real tokenizer and no weights: vLLM fills them with noise
 * (`--load-format dummy`), which costs as much time as sense would.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { RunError } from "../../contract/errors.ts";
import { verified } from "../../contract/verified_text.ts";
import tokenizerSource from "./make_tokenizer.py" with { type: "text" };

/** The tiny models. */
export const TINY_MODELS = ["tiny-dense", "tiny-moe"] as const;

/** Name of a tiny model. */
export type TinyModel = (typeof TINY_MODELS)[number];

/** Longest request in tokens, prompt and answer together. */
export const TINY_MAX_MODEL_LEN = 1024;

const SHAPE = {
  hidden_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 32,
  intermediate_size: 128,
  max_position_embeddings: 2048,
  rms_norm_eps: 1e-6,
  rope_theta: 10000,
  hidden_act: "silu",
  attention_bias: false,
  tie_word_embeddings: true,
  torch_dtype: "bfloat16",
  bos_token_id: 1,
  eos_token_id: 2,
};

const ARCHITECTURES: Record<TinyModel, Record<string, unknown>> = {
  "tiny-dense": { architectures: ["Qwen3ForCausalLM"], model_type: "qwen3" },
  "tiny-moe": {
    architectures: ["Qwen3MoeForCausalLM"],
    model_type: "qwen3_moe",
    num_experts: 8,
    num_experts_per_tok: 2,
    moe_intermediate_size: 64,
    decoder_sparse_step: 1,
    mlp_only_layers: [],
    norm_topk_prob: true,
  },
};

const TOKENIZER_CONFIG = {
  tokenizer_class: "PreTrainedTokenizerFast",
  bos_token: "<bos>",
  eos_token: "<eos>",
  pad_token: "<pad>",
  model_max_length: SHAPE.max_position_embeddings,
  clean_up_tokenization_spaces: false,
  chat_template: "{% for message in messages %}{{ message.role }}: {{ message.content }}\n" +
    "{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}",
};

/**
 * Makes a tiny model below `dir` unless it is there, with the tokenizers package of `python`.
 *
 * @returns The model's folder. Needs write permission on `dir`.
 * @throws {RunError} when the tokenizer cannot be made.
 */
export async function ensureTinyModel(
  context: RunContext,
  python: string,
  dir: string,
  model: TinyModel,
): Promise<string> {
  const target = `${dir}/${model}`;
  try {
    await context.files.stat(`${target}/config.json`);
    return target;
  } catch {
    // It has to be made.
  }
  const { files } = context;
  await files.mkdir(target, { recursive: true });
  const tokenizer = `${target}/tokenizer.json`;
  const source = verified("kit/engine/private/make_tokenizer.py", tokenizerSource);
  const made = await context.processes.capture([python, "-c", source, tokenizer]);
  if (made.code !== 0) {
    throw new RunError(
      `Cannot make the tokenizer of ${model} with ${python}: ${
        made.stderr.trim().split("\n").at(-1)
      }`,
    );
  }
  const vocabulary = JSON.parse(await files.readTextFile(tokenizer)).model.vocab;
  const config = {
    ...SHAPE,
    ...ARCHITECTURES[model],
    vocab_size: Object.keys(vocabulary).length,
  };
  const write = (name: string, value: unknown) =>
    files.writeTextFile(`${target}/${name}`, JSON.stringify(value, null, 2) + "\n");
  await write("tokenizer_config.json", TOKENIZER_CONFIG);
  await write("generation_config.json", { bos_token_id: 1, eos_token_id: 2, pad_token_id: 0 });
  // Last, because its presence says that the model is complete.
  await write("config.json", config);
  return target;
}
