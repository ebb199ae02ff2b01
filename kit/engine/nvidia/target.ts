/**
 * What a tool of NVIDIA's is to run: looked at before anything starts.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import type { Invocation } from "../../contract/recipe.ts";
import { requireFreePort } from "../system/free_port.ts";
import type { PlannedRequest } from "../server/requests.ts";
import { readPrompts } from "../load/prompts_file.ts";
import { type PythonFacts, pythonFacts, pythonOf } from "../python/python_of.ts";
import { requireVllm } from "../python/require_vllm.ts";
import { requireProgram } from "./cuda_profiler.ts";

/** The part of a task that every tool of NVIDIA's has. */
export interface TargetTask {
  server?: { host: string; port: number; baseUrl: string };
  /** What begins and ends the recording; see the tools' own plans. */
  by: string;
  /** Fields of ProfilerConfig that a current vLLM is given. */
  config: Readonly<Record<string, unknown>>;
}

/** A target that can be run. */
export interface Target<Task extends TargetTask> {
  task: Task;
  /** Its interpreter, by the name to call it, as far as that can be told. */
  named: string | undefined;
  python: PythonFacts | undefined;
  /** Requests of a file, as far as one was given. */
  prompts: PlannedRequest[] | undefined;
}

/**
 * Looks at program, interpreter, port and requests.
 *
 * @param wished What the command line asks for. A Python without vLLM calls no LLM.generate: it is
 * recorded from start to end instead.
 * @throws {UsageError} when the program or its vLLM is missing, the port taken, or the file no good.
 */
export async function lookAtTarget<Task extends TargetTask>(
  context: RunContext,
  subject: string,
  values: { python: string | undefined; prompts: string | undefined; outputTokens: number },
  invocation: Invocation,
  wished: Task,
): Promise<Target<Task>> {
  const { command } = invocation;
  await requireProgram(context, subject, command);
  const named = values.python ?? await pythonOf(context, command);
  const python = wished.server
    ? await requireVllm(context, subject, command, named)
    : named === undefined
    ? undefined
    : await pythonFacts(context, named);
  const task = wished.by === "hook" && python?.vllm_location === undefined
    ? { ...wished, by: "run", config: {} }
    : wished;
  if (task.server) requireFreePort(subject, task.server.host, task.server.port);
  const prompts = values.prompts === undefined
    ? undefined
    : await readPrompts(context.files, values.prompts, values.outputTokens);
  return { task, named, python, prompts };
}
