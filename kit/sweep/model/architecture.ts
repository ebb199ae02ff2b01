/**
 * Architectures: which modules of a model are timed, and in which order a simulator walks them.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { messageOf, UsageError } from "../../contract/errors.ts";
import { loadYaml } from "../../deps.ts";
import { verified } from "../../contract/verified_text.ts";
import { ARCHITECTURES } from "./embedded.ts";

/** Tables that a layer can stand in. */
export const CATALOG_TABLES = ["dense", "per_sequence", "attention", "moe"] as const;

/** A table of layers. */
export type CatalogTable = typeof CATALOG_TABLES[number];

/** How a layer is found among vLLM's modules. */
export interface Layer {
  /** Classes, of which a model has one. */
  readonly vllm: readonly string[];
  /** Class of a module around it. */
  readonly within?: string;
  /** Whether that module is the one right around it. */
  readonly directly?: true;
  /** The same at every TP degree. */
  readonly tpStable: boolean;
  /** What the time is where several modules match. */
  readonly together: "mean" | "sum";
}

/** A model family. */
export interface Architecture {
  /** `model_type` of the config. */
  readonly name: string;
  readonly catalog: Readonly<Record<CatalogTable, Readonly<Record<string, Layer>>>>;
  /** Layers in the order of a forward pass, by part. */
  readonly sequence: Readonly<Record<string, readonly string[]>>;
  /** Whether one GPU with a rank's share of heads does what the rank does. */
  readonly tpEmulation: boolean;
  /** The YAML, for its checksum. */
  readonly text: string;
}

const PARTS = ["prologue", "pre_attn", "post_attn", "mlp_dense", "mlp_moe", "head"];

/**
 * The architecture of a `model_type`: `configs/architecture/<model_type>.yaml` in the current folder,
 * or vscope's own. Needs read permission.
 *
 * @throws {UsageError} where there is none, or it cannot be read.
 */
export async function findArchitecture(
  files: Pick<FileSystem, "readTextFile">,
  cwd: string,
  modelType: string,
): Promise<Architecture> {
  const path = `configs/architecture/${modelType}.yaml`;
  const own = await files.readTextFile(`${cwd}/${path}`).catch(() => undefined);
  const embedded = own === undefined ? await ARCHITECTURES[modelType]?.() : undefined;
  const text = own ?? (embedded && verified(path, embedded.default));
  if (text === undefined) {
    throw new UsageError(
      `Cannot run sweep: there is no architecture for the model_type "${modelType}"; draft ` +
        `one with --draft-architecture --out ${path}, or give a model of ${
          Object.keys(ARCHITECTURES).join(", ")
        }`,
    );
  }
  try {
    return parseArchitecture(modelType, text, (await loadYaml()).load(text));
  } catch (error) {
    throw new UsageError(
      `Cannot run sweep: ${path} is no architecture: ${messageOf(error).split("\n")[0]}`,
    );
  }
}

/**
 * Checks an architecture.
 *
 * @throws {TypeError} for an unknown word, a name that is used twice, two layers that match the same
 * modules, no or several attention layers, or a sequence with a layer that is in no table.
 */
export function parseArchitecture(name: string, text: string, document: unknown): Architecture {
  const found = mapping(document, "the file", ["sequence", "catalog", "tp_emulation"]);
  const tables = mapping(found["catalog"], "catalog", CATALOG_TABLES);
  const names = new Set<string>();
  const matches = new Map<string, string>();
  const catalog = Object.fromEntries(CATALOG_TABLES.map((table) => {
    const entries = Object.entries(mapping(tables[table] ?? {}, table));
    return [
      table,
      Object.fromEntries(entries.map(([layer, value]) => {
        if (names.has(layer)) throw new TypeError(`the layer "${layer}" is there twice`);
        names.add(layer);
        const parsed = parseLayer(layer, value);
        for (const type of parsed.vllm) {
          const match = `${type} in ${parsed.within ?? "any module"}`;
          const other = matches.get(match);
          if (other) throw new TypeError(`"${layer}" and "${other}" both match ${match}`);
          matches.set(match, layer);
        }
        return [layer, parsed];
      })),
    ];
  })) as unknown as Architecture["catalog"];
  const attention = Object.keys(catalog.attention).length;
  if (attention !== 1) throw new TypeError(`it has ${attention} attention layers, not one`);
  const sequence = mapping(found["sequence"] ?? {}, "sequence", PARTS);
  for (const [part, layers] of Object.entries(sequence)) {
    if (!Array.isArray(layers)) throw new TypeError(`"${part}" of the sequence is no list`);
    const unknown = layers.find((layer) => !names.has(layer));
    if (unknown !== undefined) throw new TypeError(`"${unknown}" of "${part}" is in no table`);
  }
  return {
    name,
    text,
    catalog,
    sequence: sequence as Architecture["sequence"],
    tpEmulation: found["tp_emulation"] !== false,
  };
}

function parseLayer(name: string, document: unknown): Layer {
  const { vllm, within, directly, tp_stable, together } = mapping(document, `"${name}"`, [
    "vllm",
    "within",
    "directly",
    "tp_stable",
    "together",
  ]);
  const types = Array.isArray(vllm) ? vllm : [vllm];
  if (types.length === 0 || !types.every((type) => typeof type === "string" && type !== "")) {
    throw new TypeError(`"${name}" has no class of vLLM's`);
  }
  if (within !== undefined && typeof within !== "string") {
    throw new TypeError(`"within" of "${name}" is no class`);
  }
  if (directly !== undefined && (directly !== true || within === undefined)) {
    throw new TypeError(`"directly" of "${name}" is not true, or stands without "within"`);
  }
  if (together !== undefined && together !== "mean" && together !== "sum") {
    throw new TypeError(`"together" of "${name}" is neither mean nor sum`);
  }
  return {
    vllm: types,
    ...(within === undefined ? {} : { within }),
    ...(directly === true ? { directly } : {}),
    tpStable: tp_stable === true,
    together: together ?? "mean",
  };
}

function mapping(
  value: unknown,
  what: string,
  known?: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(`${what} is no mapping`);
  }
  const odd = known && Object.keys(value).find((key) => !known.includes(key));
  if (odd !== undefined) throw new TypeError(`"${odd}" in ${what} is not known`);
  return value as Readonly<Record<string, unknown>>;
}
