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
  const silent = () => {};
  const note = verbosity === "--silent" ? silent : (text: string) => output.note(text);
  return {
    color: output.color,
    ...(output.columns === undefined ? {} : { columns: output.columns }),
    get gone() {
      return output.gone ?? false;
    },
    ...(output.event ? { event: (name, facts) => output.event?.(name, facts) } : {}),
    result: (text) => output.result(text),
    note,
    warn: (text) => output.warn(text),
    error: (text) => output.error(text),
    detail: verbosity === "--verbose" ? note : (text) => output.detail(text),
    progress: verbosity === "--silent" ? silent : (text, facts) => output.progress(text, facts),
  };
}
