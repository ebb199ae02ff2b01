/**
 * What of the environment a program under one of NVIDIA's profilers gets.
 *
 * nsys writes the environment of what it starts into its files: only variables that vLLM, Python and
 * CUDA read, and that hold no secret by their name, go there. ncu is trusted no more.
 *
 * @module
 */

import { isSecret } from "../../bundle/unsecret.ts";

/** Families of variables that the run needs. */
const ALLOWED = new RegExp(
  "^(" + [
    "PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_\\w+|TZ|TMPDIR|TERM|NO_COLOR",
    "LD_LIBRARY_PATH|LD_PRELOAD|LIBRARY_PATH|CPATH|C(PLUS)?_INCLUDE_PATH|CC|CXX|MAX_JOBS",
    "VIRTUAL_ENV|CONDA_PREFIX|CONDA_DEFAULT_ENV|PYTHON\\w*|XDG_\\w+|DO_NOT_TRACK",
    "SSL_CERT_FILE|SSL_CERT_DIR|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|(HTTPS?|ALL|NO)_PROXY",
    "(CUDA|CUBLAS|CUDNN|NVIDIA|NCCL|NVSHMEM|NSYS)\\w*",
    "(VLLM|FLASHINFER|FLASH_ATTN|TRITON|DG_JIT|LMCACHE)_\\w+|(PY)?TORCH\\w*",
    "(HF|HUGGINGFACE|TRANSFORMERS|TOKENIZERS|SAFETENSORS|MODELSCOPE)_\\w+",
    "(OMP|KMP|MKL|OPENBLAS|NUMEXPR|GLOO|UCX|RAY)_\\w+",
    "MASTER_ADDR|MASTER_PORT|RANK|LOCAL_RANK|WORLD_SIZE",
  ].join("|") + ")$",
  "i",
);

/** An environment, and what was left out of it. */
export interface AllowedEnvironment {
  env: Record<string, string>;
  /** Variables that stay behind. */
  left: Record<string, string>;
}

/**
 * The part of an environment that goes into a recording.
 *
 * @param more Names that a person allows, secret or not.
 */
export function allowedEnvironment(
  from: Readonly<Record<string, string>>,
  more: readonly string[] = [],
): AllowedEnvironment {
  const found: AllowedEnvironment = { env: {}, left: {} };
  for (const [name, value] of Object.entries(from)) {
    const goes = more.includes(name) || (ALLOWED.test(name) && !isSecret(name, value));
    (goes ? found.env : found.left)[name] = value;
  }
  return found;
}
