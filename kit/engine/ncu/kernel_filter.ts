/**
 * Which kernels are measured, in words that ncu understands.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";
import { CATEGORIES, type Category } from "../../analysis/capture/model.ts";
import { kernelRules } from "../../analysis/kernels/classify.ts";
import { nameFilterOf } from "../../analysis/kernels/name_filter.ts";
import type { NcuValues } from "./options.ts";

// A plan is made without waiting, and shows the expression.
const rules = await kernelRules();

/** The kernels that are chosen. */
export interface KernelFilter {
  /** For ncu; nothing: every kernel. */
  regex: string | undefined;
  /** What is kept of what was measured; nothing: all of it. */
  only?: readonly Category[];
  /** As in "launches of …". */
  words: string;
}

/** Collectives wait for each other, and ncu runs one kernel at a time. */
const ALONE: readonly Category[] = CATEGORIES.filter((category) =>
  category !== "communication" && category !== "other"
);

/**
 * Reads `--kernels` and `--category`.
 *
 * @param workers How many ranks the engine has.
 * @throws {UsageError} when both are given, or what is chosen cannot be measured.
 */
export function kernelFilterOf(
  { kernels, category }: Pick<NcuValues, "kernels" | "category">,
  workers: number,
): KernelFilter {
  const fail = (message: string) => {
    throw new UsageError(`Cannot run ncu: ${message}`);
  };
  if (kernels !== undefined && category !== undefined) {
    fail("--kernels and --category are two choices of kernels; leave one out");
  }
  if (kernels !== undefined) {
    try {
      new RegExp(kernels);
    } catch {
      fail(`--kernels is "${kernels}", which is no regular expression; correct it`);
    }
    return { regex: kernels, words: `kernels like ${kernels}` };
  }
  if (workers > 1 && category?.some((name) => !ALONE.includes(name))) {
    fail(
      `--category ${
        category.join(",")
      } has collectives in it, which wait for each other, while ncu ` +
        `runs one kernel at a time: with ${workers} ranks vLLM would hang; leave communication and ` +
        "other out",
    );
  }
  const only = category ?? (workers > 1 ? ALONE : undefined);
  if (only === undefined) return { regex: undefined, words: "any kernel" };
  return { regex: nameFilterOf(rules, only), only, words: `the kinds ${only.join(", ")}` };
}
