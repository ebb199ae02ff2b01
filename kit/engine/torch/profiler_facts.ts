/**
 * What the profiler of an installed vLLM can be told; asked, because names differ from release to
 * release.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
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
  try {
    const { stdout } = await context.processes.capture([python, "-c", source], {
      timeoutMs: 60_000,
    });
    // A sitecustomize may print ahead of it.
    const found = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
    return found ? { fields: found.fields ?? undefined, variables: found.variables } : undefined;
  } catch {
    return undefined;
  }
}
