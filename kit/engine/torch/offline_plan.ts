/**
 * What an offline program is started with.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";
import type { Invocation } from "../../contract/recipe.ts";
import { hooksEnvironment } from "../python/hooks_package.ts";
import { HOOKS_FOLDER } from "../session/session_options.ts";
import type { ProfilerSetup } from "./configure.ts";
import type { TorchValues } from "./options.ts";

/** Folder within the bundle by which the hook in the program and vscope talk, while it runs. */
export const CONTROL = ".control";

/** Name of the built-in example within the bundle. */
export const EXAMPLE = "example.py";

/** The environment by which the hook is loaded and knows its window. */
export function offlineEnvironment(
  values: TorchValues,
  invocation: Invocation,
  out: string,
  setup: ProfilerSetup,
): Record<string, string> {
  return {
    ...hooksEnvironment(`${out}/${HOOKS_FOLDER}`, invocation.env),
    // The session profilers have no part in this.
    VLLM_ENABLE_PROFILING: "0",
    VSCOPE_TORCH_WINDOW: JSON.stringify({
      control: `${out}/${CONTROL}`,
      call: callOf(values, invocation.command),
      config: setup.config ?? {},
    }),
  };
}

/** The call that is recorded; the example's first one only warms up. */
function callOf(values: TorchValues, command: readonly string[]): number {
  return command.length > 0 ? values.recordCall : values.recordCall + 1;
}

/** argv of the built-in example. */
export function exampleArgv(values: TorchValues, out: string, python: string): string[] {
  return [
    python,
    `${out}/${EXAMPLE}`,
    JSON.stringify({
      engine: { model: values.model, ...readEngineArgs(values.engineArgs ?? "{}") },
      requests: values.requests,
      prompt_tokens: values.promptTokens,
      output_tokens: values.outputTokens,
      seed: values.seed,
      api_calls: callOf(values, []),
    }),
  ];
}

/**
 * Reads `--engine-args`.
 *
 * @throws {UsageError} when it is no JSON object.
 */
export function readEngineArgs(text: string): Record<string, unknown> {
  try {
    const parsed = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed;
  } catch {
    // Said below.
  }
  throw new UsageError(
    `Cannot run torch: --engine-args is ${
      JSON.stringify(text)
    }, which is no JSON object; write it ` +
      'as {"load_format": "dummy"}',
  );
}
