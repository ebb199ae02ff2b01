/**
 * Which models' operations and bytes were compared with what the hardware counted.
 *
 * @module
 */

import type { ModelShape } from "./model_shape.ts";
import type { NumberFormats } from "./number_formats.ts";

/** A class of models that was compared, on one H200, in BF16. */
export type MeasuredModel = "dense" | "128 experts";

/** The class that a session is of; undefined for one that the comparison says nothing about. */
export function measuredModel(
  shape: ModelShape,
  { bytes, precision }: NumberFormats,
  device: string,
  count: number,
): MeasuredModel | undefined {
  const full = "weightBytes" in bytes && bytes.weightBytes === 2 && bytes.kvBytes === 2;
  if (count !== 1 || !/^(NVIDIA )?H200$/.test(device) || precision !== "bf16" || !full) {
    return undefined;
  }
  if (!shape.experts) return "dense";
  return shape.experts.count === 128 ? "128 experts" : undefined;
}
