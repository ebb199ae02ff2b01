/**
 * What the profiler of an installed vLLM can be told; asked, because names differ from release to
 * release.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { askPython } from "../python/ask_python.ts";
import source from "./profiler_facts.py" with { type: "text" };

/** What the sources of a vLLM say. */
export interface ProfilerFacts {
  /** Fields of ProfilerConfig; undefined where this vLLM has no such class. */
  fields: readonly string[] | undefined;
  /** Environment variables that it reads, of those that bear on profiling. */
  variables: readonly string[];
}

/** Asks an interpreter, by the name that the command has for it; undefined when it cannot tell. */
export async function profilerFacts(
  context: RunContext,
  python: string | undefined,
): Promise<ProfilerFacts | undefined> {
  if (python === undefined) return undefined;
  const path = "kit/engine/torch/profiler_facts.py";
  const found = await askPython(context, python, path, source) as ProfilerFacts | undefined;
  return found && { fields: found.fields ?? undefined, variables: found.variables };
}
