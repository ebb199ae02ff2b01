/**
 * What can be told of a model before vLLM loads it.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { messageOf, UsageError } from "../../contract/errors.ts";
import { absolute } from "../session/session_plan.ts";

/** A model's folder, or the part of it that the cache of the hub has. */
export interface ModelFacts {
  /** Where its config was found; absent where there is none on this machine. */
  config?: string;
  /** Routed experts of a layer; 0 for a dense model, absent where nobody can tell. */
  experts?: number;
  /** Of a folder that a person named: whether these are in it. */
  hasTokenizer?: boolean;
  hasWeights?: boolean;
}

/** Keys by which configurations count the routed experts of a layer. */
const EXPERTS = ["num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts"];
const TOKENIZER = /^(tokenizer.*|vocab\.(json|txt)|tekken\.json|.*\.tiktoken|spiece\.model)$/;
const WEIGHTS = /\.(safetensors|bin|pt|pth|gguf)$/;

/** Whether a model is given as a folder: by a path, or by a name that is one here. */
async function folderOf(context: RunContext, model: string): Promise<string | undefined> {
  const path = absolute(model, context.cwd);
  const found = await context.files.stat(path).then(
    ({ isDirectory }) => isDirectory,
    () => undefined,
  );
  if (found) return path;
  if (found === undefined && !/^(\/|\.\.?\/|~)/.test(model)) return undefined;
  throw new UsageError(
    `Cannot read the model "${model}": ${
      found === undefined ? "there is no such folder" : "it is no folder"
    }; give a folder with a config.json, or an id of the hub, as Qwen/Qwen3-0.6B`,
  );
}

/**
 * Looks at a model. Needs read permission.
 *
 * @throws {UsageError} when it is a folder without a readable config.json.
 */
export async function readModel(context: RunContext, model: string): Promise<ModelFacts> {
  const folder = await folderOf(context, model);
  if (folder === undefined) return await readCached(context, model);
  const names: string[] = [];
  for await (const { name } of context.files.readDir(folder)) names.push(name);
  const config = `${folder}/config.json`;
  if (!names.includes("config.json")) {
    throw new UsageError(
      `Cannot read the model "${model}": the folder holds no config.json; give a model's folder, or ` +
        "an id of the hub, as Qwen/Qwen3-0.6B",
    );
  }
  let experts: number;
  try {
    experts = expertsOf(JSON.parse(await context.files.readTextFile(config)));
  } catch (error) {
    throw new UsageError(`Cannot read the model "${model}": its config.json: ${messageOf(error)}`);
  }
  return {
    config,
    experts,
    hasTokenizer: names.some((name) => TOKENIZER.test(name)),
    hasWeights: names.some((name) => WEIGHTS.test(name)),
  };
}

/** A model that the cache of the hub has; nothing is told of another one. */
async function readCached(context: RunContext, model: string): Promise<ModelFacts> {
  const { env, files } = context;
  const home = env["HF_HOME"] ?? `${env["XDG_CACHE_HOME"] ?? `${env["HOME"]}/.cache`}/huggingface`;
  const cache = env["HF_HUB_CACHE"] ?? `${home}/hub`;
  const snapshots = `${cache}/models--${model.replaceAll("/", "--")}/snapshots`;
  try {
    for await (const { name } of files.readDir(snapshots)) {
      const config = `${snapshots}/${name}/config.json`;
      const text = await files.readTextFile(config).catch(() => undefined);
      if (text !== undefined) return { config, experts: expertsOf(JSON.parse(text)) };
    }
  } catch {
    // Not there, or not as it should be: vLLM will say so.
  }
  return {};
}

/** Routed experts of a layer, by a configuration; 0 where it names none. */
export function expertsOf(config: unknown): number {
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    throw new Error("it is no JSON object");
  }
  const found = config as Readonly<Record<string, unknown>>;
  for (const name of EXPERTS) {
    const count = found[name];
    if (typeof count === "number" && count > 1) return count;
  }
  // Of a model that takes more than text, the part that answers.
  for (const name of ["text_config", "llm_config"]) {
    const inner = found[name];
    if (typeof inner === "object" && inner !== null) return expertsOf(inner);
  }
  return 0;
}
