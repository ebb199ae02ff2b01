/**
 * vLLM's own `cuda` profiler, by which NVIDIA's profilers are told when to begin and to end.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";
import { hooksEnvironment } from "../python/hooks_package.ts";
import { onPath, unwrapped } from "../python/python_of.ts";
import { HOOKS_FOLDER } from "../session/session_options.ts";
import { CONTROL } from "../torch/offline_plan.ts";
import type { ProfilerFacts } from "../torch/profiler_facts.ts";

/** What a vLLM is told of its profiler. */
export interface ProfilerWords {
  /** Fields of ProfilerConfig. */
  config: Readonly<Record<string, unknown>>;
  env: Record<string, string>;
  /** What it cannot be told, a sentence each. */
  missing: string[];
}

/**
 * The wished configuration in the words of the installed vLLM.
 *
 * @param facts Nothing where they are not known: a current vLLM is assumed then.
 * @param say.otherwise What a person can do with a vLLM that has no such profiler.
 * @throws {UsageError} when it has none.
 */
export function inTheWordsOf(
  facts: ProfilerFacts | undefined,
  wish: Readonly<Record<string, unknown>>,
  say: { subject: string; otherwise: string },
): ProfilerWords {
  const wished = Object.keys(wish);
  if (!facts || wished.length === 0) return { config: wish, env: {}, missing: [] };
  const { fields } = facts;
  if (fields === undefined) {
    if (facts.variables.includes("VLLM_TORCH_CUDA_PROFILE")) {
      return { config: {}, env: { VLLM_TORCH_CUDA_PROFILE: "1" }, missing: [] };
    }
    throw new UsageError(
      `Cannot run ${say.subject}: this vLLM has no cuda profiler that could begin and end a ` +
        `recording; ${say.otherwise}`,
    );
  }
  const known = wished.filter((name) => fields.includes(name));
  return {
    config: Object.fromEntries(known.map((name) => [name, wish[name]])),
    env: {},
    missing: wished.filter((name) => !fields.includes(name)).map((name) =>
      `This vLLM's ProfilerConfig has no ${name}: it is not bounded so`
    ),
  };
}

/** What the hook in a program is asked to do; see hooks/vscope_hooks/torch_window.py. */
export interface WindowWish {
  /** Which call is recorded, from 1. */
  call: number;
  config: Readonly<Record<string, unknown>>;
  /** Fields of EngineArgs that the script has not set. */
  engine?: Readonly<Record<string, unknown>>;
}

/** The environment by which the hook is loaded into a program and knows its window. */
export function windowEnvironment(
  env: Readonly<Record<string, string>>,
  out: string,
  wish: WindowWish,
): Record<string, string> {
  return {
    ...hooksEnvironment(`${out}/${HOOKS_FOLDER}`, env),
    VLLM_ENABLE_PROFILING: "0",
    VSCOPE_TORCH_WINDOW: JSON.stringify({ control: `${out}/${CONTROL}`, ...wish }),
  };
}

/**
 * A profiler would start a program that is not there, and say so late.
 *
 * @throws {UsageError} when it is not there.
 */
export async function requireProgram(
  context: RunContext,
  subject: string,
  command: readonly string[],
): Promise<void> {
  const program = unwrapped(command)[0] ?? "";
  if (await onPath(context, program)) return;
  throw new UsageError(
    `Cannot run ${subject}: there is no program "${program}"; correct its name, or activate its ` +
      "environment",
  );
}
