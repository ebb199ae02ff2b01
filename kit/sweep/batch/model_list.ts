/**
 * A list of models: YAML, or a model a line.
 *
 * ```yaml
 * - Qwen/Qwen3-32B
 * - model: meta-llama/Llama-3.1-8B
 *   tp-degrees: [1, 2]
 *   variants: [bf16, fp8-kvfp8]
 * ```
 *
 * The same as lines: `meta-llama/Llama-3.1-8B tp-degrees=1,2 variants=bf16,fp8-kvfp8`. `#` begins a
 * comment.
 *
 * @module
 */

import { messageOf, UsageError } from "../../contract/errors.ts";
import { flagOf, type Option } from "../../contract/option.ts";
import { parseYaml } from "../../contract/yaml.ts";
import { ENTRY_OPTIONS, sweepAllOptions } from "./options.ts";

/** A model of a list, with what the list says for it alone. */
export interface ListedModel {
  /** As `--model` takes it. */
  readonly model: string;
  /** Values by the option's name. */
  readonly values: Readonly<Partial<Record<typeof ENTRY_OPTIONS[number], unknown>>>;
  /** The list, where the values are from one. */
  readonly from?: string;
}

/** Names of options as a list may write them: `tp-degrees`, `tp_degrees`, `TP_DEGREES`. */
const NAMES = new Map(ENTRY_OPTIONS.map((name) => [flagOf(name), name]));

/**
 * Reads a list.
 *
 * @param from What the list is called in messages.
 * @throws {UsageError} where it is none, or an entry says something that cannot be.
 */
export async function parseModelList(text: string, from: string): Promise<ListedModel[]> {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, "").trim());
  const first = lines.find((line) => line !== "") ?? "";
  const found = /^([-[{]|[\w-]+:(\s|$))/.test(first)
    ? await yamlEntries(text, from)
    : lines.filter((line) => line !== "").map((line) => lineEntry(line, from));
  if (found.length === 0) {
    throw new UsageError(
      `Cannot run sweep-all: ${from} names no model; give a line for each, such as Qwen/Qwen3-0.6B`,
    );
  }
  return found;
}

async function yamlEntries(text: string, from: string): Promise<ListedModel[]> {
  const document = await parseYaml(
    text,
    `Cannot run sweep-all: ${from}`,
    "give a list of models, or a line for each",
  );
  const entries = isMapping(document) ? document["models"] : document;
  if (!Array.isArray(entries)) {
    throw new UsageError(
      `Cannot run sweep-all: ${from} is no list; give "- Qwen/Qwen3-0.6B" for each model, by itself ` +
        'or below "models:"',
    );
  }
  return entries.map((entry, place) => {
    if (typeof entry === "string" && entry.trim() !== "") {
      return { model: entry.trim(), values: {} };
    }
    const { model, ...rest } = isMapping(entry) ? entry : {};
    if (typeof model !== "string" || model.trim() === "") {
      throw new UsageError(
        `Cannot run sweep-all: entry ${place + 1} of ${from} names no model; give it as ` +
          '"- Qwen/Qwen3-0.6B" or "- model: Qwen/Qwen3-0.6B"',
      );
    }
    return entryOf(model.trim(), Object.entries(rest), from);
  });
}

function lineEntry(line: string, from: string): ListedModel {
  const [model = "", ...words] = line.split(/\s+/);
  return entryOf(
    model,
    words.map((word) => {
      const equals = word.indexOf("=");
      if (equals < 1) {
        throw new UsageError(
          `Cannot run sweep-all: "${word}" behind ${model} in ${from} is no OPTION=VALUE; give what is ` +
            "for this model alone as tp-degrees=1,2",
        );
      }
      return [word.slice(0, equals), word.slice(equals + 1)];
    }),
    from,
  );
}

function entryOf(
  model: string,
  given: readonly (readonly [string, unknown])[],
  from: string,
): ListedModel {
  const values: Record<string, unknown> = {};
  for (const [key, value] of given) {
    const name = NAMES.get(key.toLowerCase().replaceAll("_", "-"));
    if (name === undefined) {
      throw new UsageError(
        `Cannot run sweep-all: "${key}" of ${model} in ${from} is no option that a model may have of ` +
          `its own; those are ${[...NAMES.keys()].join(", ")}`,
      );
    }
    if (value === null || value === undefined || value === "") continue;
    const option = sweepAllOptions[name] as Option<unknown>;
    try {
      values[name] = option.parse(Array.isArray(value) ? value.join(",") : String(value));
    } catch (error) {
      throw new UsageError(
        `Cannot run sweep-all: "${key}" of ${model} in ${from} is ${JSON.stringify(value)}; give ` +
          messageOf(error),
      );
    }
  }
  return { model, values, from };
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
