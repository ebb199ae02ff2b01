/**
 * Makes sure, before anything is started, that a command's Python has a vLLM.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";
import { type PythonFacts, pythonFacts, pythonOf } from "./python_of.ts";

/**
 * The facts of the Python behind a command; undefined where the Python cannot be told (the hooks
 * then speak for themselves).
 *
 * @throws {UsageError} when the Python cannot be run, or has no vLLM.
 */
export async function requireVllm(
  context: RunContext,
  subject: string,
  command: readonly string[],
  named?: string,
): Promise<PythonFacts | undefined> {
  const python = named ?? await pythonOf(context, command);
  if (python === undefined) return undefined;
  const facts = await pythonFacts(context, python);
  if (!facts) {
    throw new UsageError(
      `Cannot run ${subject}: the Python "${python}" cannot be started; give another with --python`,
    );
  }
  if (!facts.vllm_location) {
    throw new UsageError(
      `Cannot run ${subject}: the Python "${facts.executable}" (${facts.python}) has no vLLM; ` +
        "install vLLM there, name another Python with --python, " +
        'or try "vscope quickstart", which brings a vLLM of its own',
    );
  }
  return facts;
}
