/**
 * Finds the config.json of a model: no weights are needed.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { messageOf, UsageError } from "../../contract/errors.ts";
import { verified } from "../../contract/verified_text.ts";
import { MODELS } from "./embedded.ts";
import { type ModelConfig, readModelConfig } from "./model_config.ts";

const DOWNLOAD_MS = 20_000;

/** What looking for a model needs. */
export type ModelSearch = Pick<RunContext, "files" | "cwd" | "env" | "signal">;

/**
 * The model that is meant by a file ending in `.json`, a folder with a config.json, or an ID. An ID is
 * looked for in `configs/model/` of the current folder, in vscope, in the cache of Hugging Face, and
 * at last on Hugging Face (`HF_ENDPOINT`), with `token` and unless `HF_HUB_OFFLINE` is set.
 *
 * Needs read permission, and for a model that is nowhere on this machine network permission.
 *
 * @throws {UsageError} where there is none.
 */
export async function findModel(
  search: ModelSearch,
  model: string,
  token?: string,
): Promise<ModelConfig> {
  const path = model.startsWith("/") ? model : `${search.cwd}/${model}`;
  if (model.endsWith(".json")) {
    const text = await read(search, path);
    if (text === undefined) {
      throw new UsageError(`Cannot run sweep: there is no file "${model}"; give a config.json`);
    }
    return readModelConfig(idOfFile(path), model, text);
  }
  const inFolder = await read(search, `${path}/config.json`);
  if (inFolder !== undefined) {
    const folder = path.replace(/\/+$/, "");
    return readModelConfig(nameOf(folder), `${folder}/config.json`, inFolder);
  }
  if (!/^(?!\.)[\w.-]+\/(?!\.)[\w.-]+$/.test(model)) {
    throw new UsageError(
      `Cannot run sweep: there is no model "${model}"; give an ID such as Qwen/Qwen3-0.6B, a ` +
        "folder with a config.json, or the path of a config that ends in .json",
    );
  }
  const kept = `configs/model/${model}.json`;
  const own = await read(search, `${search.cwd}/${kept}`);
  if (own !== undefined) return readModelConfig(model, kept, own);
  const embedded = MODELS[model];
  if (embedded) return readModelConfig(model, "vscope", verified(kept, (await embedded()).default));
  const cached = await fromCache(search, model);
  if (cached) return readModelConfig(model, cached.path, cached.text);
  const { url, text } = await download(search, model, kept, token);
  return readModelConfig(model, url, text);
}

async function read({ files }: ModelSearch, path: string): Promise<string | undefined> {
  try {
    return await files.readTextFile(path);
  } catch {
    return undefined;
  }
}

/** `…/configs/model/org/name.json` is `org/name`; any other file has the name of itself. */
function idOfFile(path: string): string {
  const stem = path.replace(/\.json$/, "");
  const kept = /(?:^|\/)configs\/model\/([\w.-]+\/[\w.-]+)$/.exec(stem)?.[1];
  if (kept) return kept;
  return nameOf(/\/config$/.test(stem) ? stem.replace(/\/config$/, "") : stem);
}

/** The last part of a path, as a folder's name. */
function nameOf(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1).replaceAll(/[^\w.-]/g, "_");
  return /^\.*$/.test(name) ? "model" : name;
}

async function fromCache(
  search: ModelSearch,
  model: string,
): Promise<{ path: string; text: string } | undefined> {
  const { env } = search;
  const home = env["HF_HOME"] ??
    `${env["XDG_CACHE_HOME"] ?? `${env["HOME"] ?? ""}/.cache`}/huggingface`;
  const folder = `${env["HF_HUB_CACHE"] ?? `${home}/hub`}/models--${model.replace("/", "--")}`;
  const commit = (await read(search, `${folder}/refs/main`))?.trim();
  if (commit === undefined || !/^[\w.-]+$/.test(commit)) return undefined;
  const path = `${folder}/snapshots/${commit}/config.json`;
  const text = await read(search, path);
  return text === undefined ? undefined : { path, text };
}

async function download(
  { env, signal }: ModelSearch,
  model: string,
  kept: string,
  token: string | undefined,
): Promise<{ url: string; text: string }> {
  const nowhere = `Cannot run sweep: the model "${model}" is neither in configs/model nor in ` +
    "vscope nor in the cache of Hugging Face";
  const remedy = `put its config.json at ${kept}, or give the path of a folder that holds it`;
  if (/^(1|true|yes|on)$/i.test(env["HF_HUB_OFFLINE"] ?? "")) {
    throw new UsageError(`${nowhere}, and HF_HUB_OFFLINE forbids to ask for it; ${remedy}`);
  }
  const host = (env["HF_ENDPOINT"] ?? "https://huggingface.co").replace(/\/+$/, "");
  const url = `${host}/${model}/resolve/main/config.json`;
  let found: Response;
  let text: string;
  try {
    found = await fetch(url, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.any([signal, AbortSignal.timeout(DOWNLOAD_MS)]),
    });
    text = await found.text();
  } catch (error) {
    signal.throwIfAborted();
    throw new UsageError(`${nowhere}, and ${url} cannot be read (${messageOf(error)}); ${remedy}`);
  }
  if (found.ok) return { url, text };
  const why = found.status === 401 || found.status === 403
    ? ` (HF_TOKEN ${token === undefined ? "is not set" : "does not open it"})`
    : "";
  throw new UsageError(`${nowhere}, and ${url} answers ${found.status}${why}; ${remedy}`);
}
