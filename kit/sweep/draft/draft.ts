/**
 * Drafts an architecture from a model as vLLM builds it.
 *
 * @module
 */

import { messageOf, RunError } from "../../contract/errors.ts";
import { loadYaml } from "../../deps.ts";
import { CATALOG_TABLES, type CatalogTable, parseArchitecture } from "../model/architecture.ts";
import type { ModelConfig } from "../model/model_config.ts";
import { namingOf } from "./layer_names.ts";
import { type ModelTree, TreeView } from "./model_tree.ts";
import { findUnits, type Part, type Unit } from "./units.ts";

/** A draft. */
export interface Draft {
  /** The file, with what is undecided as comments. */
  readonly yaml: string;
  /** What a person has to look at. */
  readonly undecided: readonly string[];
}

/** A layer of the draft, and its calls. */
interface DraftLayer {
  readonly name: string;
  readonly table: CatalogTable;
  readonly units: Unit[];
  readonly calls: number[];
}

const PARTS: readonly Part[] = [
  "prologue",
  "pre_attn",
  "post_attn",
  "mlp_dense",
  "mlp_moe",
  "head",
];

/**
 * Makes the draft.
 *
 * @param expectedQkvWidth Width of Q, K and V together where one GPU with a rank's share of
 * heads does what the rank does; absent where the tree was not built with a share.
 * @throws {RunError} where the model has no attention, or its layers cannot be told apart.
 */
export async function draftArchitecture(
  tree: ModelTree,
  model: ModelConfig,
  expectedQkvWidth: number | undefined,
): Promise<Draft> {
  const view = new TreeView(tree);
  const { units, undecided: special } = findUnits(view);
  const undecided = [...special];
  const layers = layersOf(units, undecided);
  const catalog = Object.fromEntries(CATALOG_TABLES.map((table) => [
    table,
    Object.fromEntries(
      layers.filter((layer) => layer.table === table)
        .map((layer) => [layer.name, entryOf(layer, layers, view, model, undecided)]),
    ),
  ]));
  const emulation = emulates(tree, expectedQkvWidth, undecided);
  const document = {
    ...(emulation === false ? { tp_emulation: false } : {}),
    sequence: sequenceOf(layers, units),
    catalog: Object.fromEntries(
      Object.entries(catalog).filter(([, entries]) => Object.keys(entries).length > 0),
    ),
  };
  checkMatches(document.catalog, layers, view, undecided);
  noteFamily(layers, model, undecided);
  const { dump } = await loadYaml();
  const comments = [
    `${model.modelType} (${
      view.classOf("")
    }), drafted from ${model.id} as vLLM ${tree.vllm} builds it.`,
    ...undecided.map((text) => `To be looked at: ${text}.`),
  ];
  const { catalog: tables, ...rest } = document;
  const style = { lineWidth: 100, noRefs: true };
  const yaml = comments.map((line) => `# ${line}\n`).join("") +
    dump(rest, { ...style, flowLevel: 2 }) + dump({ catalog: tables }, { ...style, flowLevel: 3 });
  try {
    parseArchitecture(model.modelType, yaml, document);
  } catch (error) {
    throw new RunError(
      `Cannot draft an architecture: ${messageOf(error)}; write it by hand, as docs/sweep.md says`,
    );
  }
  return { yaml, undecided };
}

/** Calls that a catalog cannot tell apart are one layer: those of a class within a class. */
function layersOf(units: readonly Unit[], undecided: string[]): DraftLayer[] {
  const found = new Map<string, DraftLayer>();
  const names = new Set<string>();
  for (const [call, unit] of units.entries()) {
    const key = `${unit.kind}: ${unit.module.class} in ${unit.scope}`;
    let layer = found.get(key);
    if (!layer) {
      const { name: wanted, table, known } = namingOf(unit);
      let name = wanted;
      for (let count = 2; names.has(name); count++) name = `${wanted}_${count}`;
      names.add(name);
      if (!known || name !== wanted) {
        undecided.push(
          `${name} (${unit.module.class} in ${unit.scope}) is no layer that LLMServingSim knows by that name`,
        );
      }
      layer = { name, table, units: [], calls: [] };
      found.set(key, layer);
    }
    layer.units.push(unit);
    layer.calls.push(call);
  }
  return [...found.values()];
}

function entryOf(
  layer: DraftLayer,
  layers: readonly DraftLayer[],
  view: TreeView,
  model: ModelConfig,
  undecided: string[],
): Record<string, unknown> {
  const { module, scope } = layer.units[0]!;
  const paths = new Set(layer.units.map((unit) => unit.module.path));
  const others = view.tree.modules.some((other) =>
    other.class === module.class && !paths.has(other.path)
  );
  const shared = layers.some((other) =>
    other !== layer && other.units[0]!.module.class === module.class
  );
  const stable = isStable(layer, model);
  if (stable === undefined) {
    undecided.push(`Whether ${layer.name} is the same at every TP degree (tp_stable)`);
  }
  return {
    vllm: module.class,
    ...((others || shared) && scope !== "" ? { within: scope } : {}),
    ...(stable ? { tp_stable: true } : {}),
    ...(isTogether(layer) ? { together: "sum" } : {}),
  };
}

/** Calls one after the other are named once; calls with others between them are named each. */
function isTogether({ calls }: DraftLayer): boolean {
  return calls.length > 1 && calls.at(-1)! - calls[0]! === calls.length - 1;
}

/** Of what a rank has in full: norms over the hidden state, what is replicated, and the sampler. */
function isStable({ name, units }: DraftLayer, { config }: ModelConfig): boolean | undefined {
  const { class: type, width } = units[0]!.module;
  if (name === "sampler" || type === "ReplicatedLinear") return true;
  if (!type.includes("Norm")) return false;
  const hidden = config["hidden_size"];
  return width === undefined || typeof hidden !== "number" ? undefined : width === hidden;
}

function sequenceOf(
  layers: readonly DraftLayer[],
  units: readonly Unit[],
): Record<Part, string[]> {
  const calls = new Map<number, string>();
  for (const layer of layers) {
    for (const call of isTogether(layer) ? layer.calls.slice(0, 1) : layer.calls) {
      calls.set(call, layer.name);
    }
  }
  const inOrder = [...calls].sort(([one], [other]) => one - other);
  return Object.fromEntries(PARTS.map((part) => [
    part,
    inOrder.filter(([call]) => units[call]!.part === part).map(([, name]) => name),
  ])) as Record<Part, string[]>;
}

/** Whether one GPU with half of the heads makes the shapes of a rank of two. */
function emulates(
  { modules }: ModelTree,
  expected: number | undefined,
  undecided: string[],
): boolean | undefined {
  const outputs = modules.find((module) => module.class === "QKVParallelLinear")?.outputs;
  if (expected !== undefined && outputs !== undefined) return outputs === expected;
  undecided.push("Whether one GPU with a share of the heads does what a rank does (tp_emulation)");
  return undefined;
}

/** The worker takes for a layer what the catalog says: it must be what was meant. */
function checkMatches(
  catalog: Readonly<Record<string, Readonly<Record<string, Record<string, unknown>>>>>,
  layers: readonly DraftLayer[],
  view: TreeView,
  undecided: string[],
): void {
  const entries = Object.values(catalog).flatMap((table) => Object.entries(table));
  const meant = new Map(
    layers.flatMap(({ name, units }) => units.map((unit) => [unit.module.path, name])),
  );
  const wrong = new Set<string>();
  for (const module of view.tree.modules) {
    if (!view.isCalled(module.path)) continue;
    const taken = layerOf(entries, module.class, view.around(module.path));
    if (taken !== undefined && taken !== meant.get(module.path)) {
      wrong.add(
        `${module.class} within ${view.classOf(view.calledAround(module.path))} counts as ${taken}`,
      );
    }
  }
  undecided.push(...wrong);
}

/** The layer that a module counts as: of several that fit, the one whose `within` is nearest. */
export function layerOf(
  entries: readonly (readonly [string, Readonly<Record<string, unknown>>])[],
  type: string,
  around: readonly string[],
): string | undefined {
  let best: { depth: number; name: string } | undefined;
  for (const [name, { vllm, within }] of entries) {
    if (!(Array.isArray(vllm) ? vllm : [vllm]).includes(type)) continue;
    const depth = within === undefined ? -1 : around.lastIndexOf(within as string);
    if (within !== undefined && depth < 0) continue;
    if (!best || depth > best.depth) best = { depth, name };
  }
  return best?.name;
}

/** What one model cannot tell of its family. */
function noteFamily(
  layers: readonly DraftLayer[],
  { experts }: ModelConfig,
  undecided: string[],
): void {
  const rotary = layers.find(({ name }) => name === "rotary_emb");
  if (rotary) {
    undecided.push(
      `Models whose config scales rotary embeddings otherwise have another class than ` +
        `${rotary.units[0]!.module.class}; vllm may be a list of classes`,
    );
  }
  if (experts && !layers.some(({ table }) => table === "moe")) {
    undecided.push(
      "The config tells of experts, and the first layer, which a sweep measures, has none",
    );
  }
}
