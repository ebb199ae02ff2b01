/**
 * How many bytes the numbers of a model take, and what its matrices are multiplied in.
 *
 * @module
 */

import type { DevicePeaks } from "./device_peaks.ts";
import type { ElementBytes } from "./step_cost.ts";
import type { Precision } from "./utilization.ts";

/** What the record of an engine tells; of each the formats or why they are not known. */
export interface NumberFormats {
  bytes: ElementBytes | { unknown: string };
  precision: Precision | { unknown: string };
}

/** Formats of weights: bytes of one, and the bits that their products are computed in. */
interface Weights {
  bytes: number | { unknown: string };
  precision: "own" | "fp8" | { unknown: string };
}

/** Dtypes as torch prints them. */
const DTYPES: Readonly<Record<string, { bytes: number; precision?: Precision }>> = {
  "torch.bfloat16": { bytes: 2, precision: "bf16" },
  "torch.float16": { bytes: 2, precision: "fp16" },
  "torch.float32": { bytes: 4 },
};

/** One byte in the KV cache; what else is not `auto` or of 16 bits is packed, or has scales within. */
const KV_OF_A_BYTE = ["fp8", "fp8_e4m3", "fp8_e5m2", "fp8_inc"];
const KV_OF_TWO = ["bfloat16", "float16", "half"];

/** Methods that keep weights and activations in FP8. */
const FP8 = ["fp8", "fbgemm_fp8", "fp8_per_tensor", "fp8_per_block", "fp8_per_channel"];

/** Methods that make 16 bits of the weights again before they multiply. */
const WEIGHT_ONLY = [
  "awq",
  "auto_awq",
  "awq_marlin",
  "gptq",
  "auto_gptq",
  "gptq_marlin",
  "moe_wna16",
];

/** Modules that the model of costs takes for unquantized in any case. */
const NEVER_QUANTIZED = /^\W*(lm_head|embed_tokens|gate|shared_expert_gate|router|\w*norm)\W*$/;

/**
 * Reads `dtype`, `quantization`, `quantization_config` and `cache_dtype` of an engine's record.
 *
 * On a device without FP8 vLLM keeps weights in FP8 and multiplies in the model's own type.
 */
export function numberFormats(
  engine: Readonly<Record<string, unknown>>,
  peaks: DevicePeaks | undefined,
): NumberFormats {
  const dtype = DTYPES[String(engine["dtype"])];
  if (!dtype) {
    const unknown = `the size of a number of type ${engine["dtype"]} is not known here`;
    return { bytes: { unknown }, precision: { unknown } };
  }
  const config = objectOf(engine["quantization_config"]);
  const weights = weightsOf(engine["quantization"], config, dtype.bytes);
  return {
    bytes: bytesOf(weights, dtype.bytes, String(engine["cache_dtype"] ?? "auto"), config),
    precision: typeof weights.precision === "object"
      ? weights.precision
      : weights.precision === "fp8" && peaks?.tflopsFp8 !== undefined
      ? "fp8"
      : dtype.precision ?? { unknown: `no peak is stated here for ${engine["dtype"]}` },
  };
}

function bytesOf(
  weights: Weights,
  own: number,
  cache: string,
  config: Record<string, unknown>,
): NumberFormats["bytes"] {
  if (typeof weights.bytes === "object") return weights.bytes;
  const kvBytes = KV_OF_A_BYTE.includes(cache) ? 1 : KV_OF_TWO.includes(cache)
    ? 2
    // A checkpoint with a scheme of its own for the cache decides what `auto` means.
    : cache === "auto" && config["kv_cache_scheme"] !== true
    ? own
    : undefined;
  if (kvBytes === undefined) {
    return { unknown: `how many bytes a KV cache of type ${cache} takes is not known here` };
  }
  return { weightBytes: weights.bytes, activationBytes: own, kvBytes };
}

function weightsOf(method: unknown, config: Record<string, unknown>, own: number): Weights {
  if (method === undefined || method === null) return { bytes: own, precision: "own" };
  const name = String(method);
  if (config["changed_by_user"] === true) {
    const unknown = `--quantization-config changed what ${name} does to some layers`;
    return { bytes: { unknown }, precision: { unknown } };
  }
  const all = allQuantized(config);
  if (FP8.includes(name)) {
    const unknown =
      `some layers are not quantized with ${name}, and the session does not tell how many`;
    return all ? { bytes: 1, precision: "fp8" } : { bytes: { unknown }, precision: { unknown } };
  }
  const groups = name === "compressed-tensors" ? groupsOf(config) : undefined;
  const bits = groups ? groups.bits : Number(config["bits"] ?? config["w_bit"]);
  const bytes = all && bits > 0
    ? bits / 8
    : { unknown: `how many bits ${name} leaves of each weight is not in the session` };
  if (WEIGHT_ONLY.includes(name)) return { bytes, precision: "own" };
  if (groups && (all || groups.activations === "own")) {
    return { bytes, precision: groups.activations };
  }
  const unknown = `what ${name} multiplies in is not known here`;
  // Bits of a method that is not known may be those of some layers, or have other numbers beside.
  return groups ? { bytes, precision: { unknown } } : {
    bytes: { unknown: `how many bytes a weight takes with ${name} is not known here` },
    precision: { unknown },
  };
}

/** Whether every matrix that quantization is for has it. */
function allQuantized(config: Record<string, unknown>): boolean {
  const kept = config["kept_modules"] ?? [];
  return config["lm_head"] !== true && config["dynamic"] !== true && Array.isArray(kept) &&
    kept.every((module) => NEVER_QUANTIZED.test(String(module)));
}

/** The one scheme of compressed-tensors for all layers. */
function groupsOf(
  config: Record<string, unknown>,
): { bits: number; activations: Weights["precision"] } {
  const groups = Array.isArray(config["groups"]) ? config["groups"] : [];
  const { targets, weight_bits, activation_bits, activation_type } = objectOf(groups[0]);
  if (groups.length !== 1 || String(targets) !== "Linear") {
    const unknown = "the session does not tell one scheme of all its layers";
    return { bits: NaN, activations: { unknown } };
  }
  return {
    bits: Number(weight_bits),
    activations: activation_bits === undefined
      ? "own"
      : activation_bits === 8 && activation_type === "float"
      ? "fp8"
      : { unknown: `no peak is stated here for products in ${activation_type}${activation_bits}` },
  };
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
}
