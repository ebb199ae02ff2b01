/**
 * `VERBOSITY`: LLMServingSim's words for how much is said.
 *
 * @module
 */

import type { Output } from "../contract/context.ts";

/** The output with `--silent` as `--quiet`, `--verbose` as `--verbose`, and as it was otherwise. */
export function withVerbosity(
  output: Output,
  verbosity: "--silent" | "--verbose" | undefined,
): Output {
  const { result, note, warn, error, detail, progress, color, event } = output;
  const plain = { result, note, warn, error, detail, progress, color, ...(event && { event }) };
  const silent = () => {};
  if (verbosity === "--silent") return { ...plain, note: silent, progress: silent };
  return verbosity === "--verbose" ? { ...plain, detail: note } : plain;
}
