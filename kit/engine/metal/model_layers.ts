/**
 * How many layers a model has, where its configuration is on this machine.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";

/** Reads `num_hidden_layers` of a folder, or of the Hugging Face cache. Downloads nothing. */
export async function layersOf(context: RunContext, model: string): Promise<number | undefined> {
  for (const dir of [model, ...await snapshots(context, model)]) {
    try {
      const config = JSON.parse(await context.files.readTextFile(`${dir}/config.json`));
      const layers = config.num_hidden_layers ?? config.text_config?.num_hidden_layers;
      if (Number.isInteger(layers) && layers > 0) return layers;
    } catch {
      // Not there, or not this way.
    }
  }
  return undefined;
}

/** Folders of a model's revisions in the cache. */
async function snapshots(context: RunContext, model: string): Promise<string[]> {
  const { env } = context;
  const home = env["HF_HOME"] ?? `${env["XDG_CACHE_HOME"] ?? `${env["HOME"]}/.cache`}/huggingface`;
  const hub = env["HF_HUB_CACHE"] ?? `${home}/hub`;
  const dir = `${hub}/models--${model.replaceAll("/", "--")}/snapshots`;
  const found: string[] = [];
  try {
    for await (const entry of context.files.readDir(dir)) found.push(`${dir}/${entry.name}`);
  } catch {
    // No such model in the cache.
  }
  return found;
}
