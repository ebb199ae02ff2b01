/**
 * The command with which a tiny model is served.
 *
 * @module
 */

import { TINY_MAX_MODEL_LEN } from "./models.ts";

/** argv and environment of a server. */
export interface ServeCommand {
  argv: string[];
  env: Record<string, string>;
}

/** Most requests in a batch: few enough for the quickstart's requests to queue. */
const TINY_MAX_NUM_SEQS = 8;

/** KV blocks: few enough for its requests to fill a good part of the cache. */
const KV_BLOCKS = 17;

/**
 * Serves a tiny model on the loopback interface.
 *
 * @param vllm How vLLM is started, as `["…/bin/vllm"]` or `["python", "-m", "vllm.entrypoints.cli.main"]`.
 */
export function serveTinyModel(
  vllm: readonly string[],
  modelDir: string,
  port: number,
): ServeCommand {
  return {
    argv: [
      ...vllm,
      "serve",
      modelDir,
      ...["--served-model-name", "tiny"],
      ...["--host", "127.0.0.1", "--port", String(port)],
      ...["--load-format", "dummy", "--dtype", "bfloat16", "--enforce-eager"],
      ...["--max-model-len", String(TINY_MAX_MODEL_LEN)],
      ...["--max-num-seqs", String(TINY_MAX_NUM_SEQS)],
      ...["--num-gpu-blocks-override", String(KV_BLOCKS)],
      "--enable-prompt-tokens-details",
    ],
    env: {
      VLLM_CPU_KVCACHE_SPACE: "1",
      HF_HUB_OFFLINE: "1",
      VLLM_NO_USAGE_STATS: "1",
      DO_NOT_TRACK: "1",
    },
  };
}
