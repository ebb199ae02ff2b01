/**
 * Which types of weights and KV cache the vLLM at hand takes, read from its source: asking it would
 * import it, which takes longer than many a sweep's first category.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";
import type { Types } from "../../sweep/model/dtypes.ts";
import type { PythonFacts } from "../python/python_of.ts";

/** Words that a vLLM takes; absent where its source does not tell. */
export interface AcceptedTypes {
  readonly dtype?: readonly string[];
  readonly kvCacheDtype?: readonly string[];
  readonly quantization?: readonly string[];
}

/** Where each list stands below the package, and what it is called there. */
const LISTS: Readonly<Record<keyof AcceptedTypes, { file: string; name: string }>> = {
  dtype: { file: "config/model.py", name: "ModelDType" },
  kvCacheDtype: { file: "config/cache.py", name: "CacheDType" },
  quantization: {
    file: "model_executor/layers/quantization/__init__.py",
    name: "QuantizationMethods",
  },
};

/** Option that sets each, as it is named in messages. */
const OPTIONS: Readonly<Record<keyof AcceptedTypes, string>> = {
  dtype: "DTYPE",
  kvCacheDtype: "KV_CACHE_DTYPE",
  quantization: "quantization",
};

/** Reads the lists of the vLLM whose `__init__.py` is at `location`. Needs read permission there. */
export async function acceptedTypes(
  files: Pick<FileSystem, "readTextFile">,
  location: string,
): Promise<AcceptedTypes> {
  const folder = location.replace(/\/[^/]*$/, "");
  const found: Partial<Record<keyof AcceptedTypes, readonly string[]>> = {};
  for (const [key, { file, name }] of Object.entries(LISTS)) {
    const text = await files.readTextFile(`${folder}/${file}`).catch(() => "");
    const words = literal(text, name);
    if (words.length > 0) found[key as keyof AcceptedTypes] = words;
  }
  return found;
}

/** The words of `NAME = Literal["…", …]` in a Python text; none where there is no such line. */
export function literal(text: string, name: string): string[] {
  const list = new RegExp(`^${name}\\s*(?::[^=\\n]*)?=\\s*Literal\\[([^\\]]*)\\]`, "m").exec(text)
    ?.[1];
  const code = (list ?? "").split("\n").map((line) => line.replace(/#.*$/, "")).join("\n");
  return [...code.matchAll(/["']([^"']+)["']/g)].map(([, word]) => word!);
}

/**
 * Makes sure that a vLLM takes these types, before an engine is started with them.
 *
 * @throws {UsageError} where it names what it takes, and one of these is not among it.
 */
export function checkTypes(types: Types, accepted: AcceptedTypes, facts: PythonFacts): void {
  for (const key of Object.keys(LISTS) as (keyof AcceptedTypes)[]) {
    const wanted = types[key];
    const words = accepted[key];
    if (wanted === undefined || words === undefined || words.includes(wanted)) continue;
    const how = key === "quantization"
      ? `DTYPE=fp8 means quantization "${wanted}", which vLLM ${facts.vllm ?? "here"} does not have`
      : `vLLM ${facts.vllm ?? "here"} does not take the ${OPTIONS[key]} "${wanted}"`;
    throw new UsageError(`Cannot run sweep: ${how}; it takes ${words.join(", ")}`);
  }
}
