/**
 * The command of the server that the stages start.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";
import type { ModelFacts } from "./model.ts";
import type { AutomationValues } from "./options.ts";

const has = (words: readonly string[], flag: string) =>
  words.some((word) => {
    const name = word.split("=")[0]!;
    return name.startsWith("--") && name.replaceAll("_", "-") === flag;
  });

/**
 * argv of the server.
 *
 * @param more What a person gives to vLLM.
 * @param port One that is free; 0 stands for it in a plan.
 * @throws {UsageError} when no model is given, or something is said twice.
 */
export function serveArgv(
  recipe: string,
  values: AutomationValues,
  more: readonly string[],
  port: number,
): string[] {
  const { model, loadFormat, tensorParallelSize, python } = values;
  if (model === undefined) {
    throw new UsageError(
      `Cannot run ${recipe}: no model is given; give an id of the hub or a folder, as ` +
        `vscope ${recipe} --model Qwen/Qwen3-0.6B`,
    );
  }
  checkRest(recipe, model, more);
  const own: [flag: string, value: string | undefined][] = [
    ["--load-format", loadFormat],
    ["--tensor-parallel-size", tensorParallelSize?.toString()],
  ];
  for (const [flag, value] of own) {
    if (value === undefined || !has(more, flag)) continue;
    throw new UsageError(
      `Cannot run ${recipe}: ${flag} is given before and behind "--"; leave one out`,
    );
  }
  return [
    ...(python === undefined ? ["vllm"] : [python, "-m", "vllm.entrypoints.cli.main"]),
    ...["serve", model],
    ...(has(more, "--host") ? [] : ["--host", "127.0.0.1"]),
    ...(has(more, "--port") ? [] : ["--port", String(port)]),
    ...own.flatMap(([flag, value]) => value === undefined ? [] : [flag, value]),
    ...more,
  ];
}

/** What follows `--` are arguments, and no command. */
function checkRest(recipe: string, model: string, more: readonly string[]): void {
  const [first] = more;
  if (first !== undefined && !first.startsWith("-")) {
    throw new UsageError(
      `Cannot run ${recipe}: what follows "--" are arguments of vllm serve, and "${first}" is none; ` +
        `write vscope ${recipe} --model ${model} -- --max-model-len 4096, or run a command of your own ` +
        "with vscope nsys",
    );
  }
  if (has(more, "--model")) {
    throw new UsageError(`Cannot run ${recipe}: --model stands behind "--"; give it before`);
  }
}

/** Whether a port is found by vscope, and not named by a person. */
export function choosesPort(more: readonly string[]): boolean {
  return !has(more, "--port");
}

/**
 * What vLLM has to be told of a model's folder.
 *
 * @throws {UsageError} when it has no weights, and nobody said that noise will do.
 */
export function argumentsFor(
  recipe: string,
  { model, loadFormat }: AutomationValues,
  more: readonly string[],
  { hasTokenizer, hasWeights }: ModelFacts,
): string[] {
  if (hasWeights === false && loadFormat === undefined && !has(more, "--load-format")) {
    throw new UsageError(
      `Cannot run ${recipe}: the folder "${model}" holds no weights; add --load-format dummy to fill ` +
        "the model with noise, or give a folder that has them",
    );
  }
  const told = has(more, "--tokenizer") || has(more, "--skip-tokenizer-init") ||
    has(more, "--no-skip-tokenizer-init");
  return hasTokenizer === false && !told ? ["--skip-tokenizer-init"] : [];
}
