/**
 * Types of weights and of the KV cache, and the folder that is named after them.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";

/** Names of weight types that people write, and vLLM's word for each. */
const WEIGHTS: Readonly<Record<string, string>> = {
  bfloat16: "bfloat16",
  bf16: "bfloat16",
  float16: "float16",
  half: "float16",
  fp16: "float16",
  float32: "float32",
  float: "float32",
  fp32: "float32",
};

/** KV cache types that vLLM 0.17 to 0.33 take, not each of them all: what the one at hand takes is asked later. */
const KV_CACHES = [
  "auto",
  "float16",
  "bfloat16",
  "fp8",
  "fp8_e4m3",
  "fp8_e5m2",
  "fp8_inc",
  "fp8_ds_mla",
  "nvfp4_ds_mla",
  "turboquant_k8v4",
  "turboquant_4bit_nc",
  "turboquant_k3v4_nc",
  "turboquant_3bit_nc",
  "octave_k3v4",
  "octave_k3v3",
  "octave_k3v3_compact",
  "ultraquant_4bit",
  "int4_per_token_head",
  "int8_per_token_head",
  "fp8_per_token_head",
  "nvfp4",
  "nvfp4_4over6",
];

const SHORT: Readonly<Record<string, string>> = {
  bfloat16: "bf16",
  float16: "fp16",
  float32: "fp32",
  fp8_e4m3: "fp8",
  fp8_e5m2: "fp8e5m2",
};

/** What the engine is told of types, and the variant that this is. */
export interface Types {
  /** For vLLM's `dtype`; absent: the model's own. */
  readonly dtype?: string;
  /** For vLLM's `quantization`. */
  readonly quantization?: string;
  /** For vLLM's `kv_cache_dtype`. */
  readonly kvCacheDtype: string;
  /** Name of the bundle's folder where the user gives none. */
  readonly variant: string;
}

/**
 * Reads `DTYPE` and `KV_CACHE_DTYPE`. `fp8` is no type of vLLM's for a whole model: it means weights
 * quantized to fp8 with activations in bfloat16.
 *
 * @param ownDtype The type that the model's config names.
 * @throws {UsageError} for a type that no vLLM knows.
 */
export function typesOf(
  dtype: string | undefined,
  kvCacheDtype: string,
  ownDtype: string | undefined,
): Types {
  const wanted = dtype === "auto" ? undefined : dtype;
  const weights = wanted === undefined
    ? {}
    : wanted === "fp8"
    ? { dtype: "bfloat16", quantization: "fp8" }
    : WEIGHTS[wanted]
    ? { dtype: WEIGHTS[wanted] }
    : undefined;
  if (!weights) {
    throw new UsageError(
      `Cannot run sweep: DTYPE is "${wanted}"; give one of bfloat16, float16, float32, fp8, auto`,
    );
  }
  const kv = { fp16: "float16", bf16: "bfloat16" }[kvCacheDtype] ?? kvCacheDtype;
  if (!KV_CACHES.includes(kv)) {
    throw new UsageError(
      `Cannot run sweep: KV_CACHE_DTYPE is "${kvCacheDtype}"; give one of ${KV_CACHES.join(", ")}`,
    );
  }
  const named = wanted === "fp8" ? "fp8" : short(WEIGHTS[wanted ?? ""] ?? ownDtype ?? "default");
  return {
    ...weights,
    kvCacheDtype: kv,
    variant: named + (kv === "auto" ? "" : `-kv${short(kv)}`),
  };
}

function short(dtype: string): string {
  return SHORT[WEIGHTS[dtype] ?? dtype] ?? dtype.replaceAll(/[^\w.-]/g, "_");
}
