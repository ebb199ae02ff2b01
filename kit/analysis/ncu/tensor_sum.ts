/**
 * The sum of counters of tensor pipes that may count one operation several times.
 *
 * @module
 */

import { TENSOR_OPERATIONS } from "./metrics.ts";

/**
 * Floating point operations of counters, each once. For each kind of operands the counters that are
 * split least are taken; one for several kinds (`fp16_bf16_tf32`) counts where none of these has one
 * of its own.
 *
 * @returns Nothing without a counter, or where whole numbers were multiplied: these are no FLOP.
 */
export function tensorSum(values: readonly (readonly [string, number])[]): number | undefined {
  const bySource = new Map<string, { value: number; splits: number }>();
  for (const [name, value] of values) {
    const [, operation, source, result, sparsity] = TENSOR_OPERATIONS.exec(name)!;
    if (/^int\d/.test(source!)) {
      if (value > 0) return undefined;
      continue;
    }
    const splits = (operation ? 4 : 0) + (sparsity ? 2 : 0) + (result ? 1 : 0);
    const sum = bySource.get(source!);
    if (!sum || splits < sum.splits) bySource.set(source!, { value, splits });
    else if (splits === sum.splits) sum.value += value;
  }
  if (bySource.size === 0) return undefined;
  let total = 0;
  for (const [source, { value }] of bySource) {
    const parts = source.split("_");
    if (parts.length === 1 || !parts.some((part) => bySource.has(part))) total += value;
  }
  return total;
}
