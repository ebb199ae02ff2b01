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

/** Asks an interpreter; undefined when it cannot tell. */
export async function profilerFacts(
  context: RunContext,
  python: string,
): Promise<ProfilerFacts | undefined> {
  try {
    const { stdout } = await context.processes.capture([python, "-c", source], {
      timeoutMs: 60_000,
    });
    // A sitecustomize may print ahead of it.
    const { fields, variables } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
    return { fields: fields ?? undefined, variables };
  } catch {
    return undefined;
  }
}
