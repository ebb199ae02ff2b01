/**
 * Variants by their names: `bf16`, `bf16-kvfp8`, `fp8-kvfp8`.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";
import { typesOf } from "../model/dtypes.ts";

/** What a variant means in the options of a sweep. */
export interface VariantTypes {
  /** Absent: the model's own. */
  readonly dtype?: string;
  readonly kvCacheDtype: string;
}

/**
 * The types that a variant's name says: `<weights>` or `<weights>-kv<KV cache>`, where `auto` stands
 * for what the model has.
 *
 * @throws {UsageError} where a type is none.
 */
export function variantTypes(name: string): VariantTypes {
  const [, weights = "", kv = "auto"] = /^(.+?)(?:-kv(.+))?$/.exec(name) ?? [];
  const dtype = weights === "auto" ? {} : { dtype: weights };
  const kvCacheDtype = kv === "fp8e5m2" ? "fp8_e5m2" : kv;
  try {
    typesOf(dtype.dtype, kvCacheDtype, undefined);
  } catch {
    throw new UsageError(
      `Cannot run sweep-all: "${name}" is no variant; give types of weights and KV cache, as bf16, ` +
        "bf16-kvfp8 or fp8-kvfp8",
    );
  }
  return { ...dtype, kvCacheDtype };
}
