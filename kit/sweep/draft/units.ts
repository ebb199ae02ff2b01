/**
 * What of a model is timed: the smallest modules that are called, attention and experts as a whole.
 *
 * @module
 */

import { RunError } from "../../contract/errors.ts";
import {
  ancestorPaths,
  isWithin,
  SAMPLER_PATH,
  type TreeModule,
  type TreeView,
} from "./model_tree.ts";

/** Where a simulator walks over a call. */
export type Part = "prologue" | "pre_attn" | "post_attn" | "mlp_dense" | "mlp_moe" | "head";

/** A call of something that is timed. */
export interface Unit {
  readonly module: TreeModule;
  readonly part: Part;
  readonly kind: "attention" | "experts" | "other";
  /** Class of the module that its class is looked for in, where the class alone says too little. */
  readonly scope: string;
  readonly place: "outside" | "layer" | "attention block" | "mlp";
}

/** The calls of one forward pass through the first layer, and what surrounds it. */
export interface Units {
  readonly units: readonly Unit[];
  /** What is special and was not settled. */
  readonly undecided: readonly string[];
}

/**
 * Finds them.
 *
 * @throws {RunError} where no module has a KV cache.
 */
export function findUnits(view: TreeView): Units {
  const { modules, calls } = view.tree;
  const undecided: string[] = [];
  const attentions = modules.filter(({ attention, path }) => attention && view.isCalled(path));
  const attention = attentions[0];
  if (!attention) {
    throw new RunError(
      "Cannot draft an architecture: no module with a KV cache was called in a forward pass; write it " +
        "by hand, as docs/sweep.md says",
    );
  }
  const kinds = new Set(attentions.map((module) => module.class));
  if (kinds.size > 1) {
    undecided.push(
      `There are ${
        [...kinds].join(" and ")
      }, and a sweep measures one kind of attention: ${attention.class} ` +
        "was taken",
    );
  }
  const layer = layerOf(attention.path, view);
  const attentionChild = childOf(layer, attention.path);
  const expert = modules.find(({ experts, path }) => experts && isWithin(path, layer));
  const block = expert && childOf(layer, expert.path);
  if (block !== undefined && !view.isCalled(block)) {
    undecided.push(`The experts' block ${view.classOf(block)} is not called as a module`);
  }
  const wholes = [attention.path, ...(block === undefined ? [] : [block])];
  const isUnit = (path: string) =>
    wholes.includes(path) ||
    (!view.isComposite(path) && !wholes.some((whole) => isWithin(path, whole)));
  const paths = calls.filter((path) =>
    isUnit(path) && (isWithin(path, layer) || !inAnotherLayer(path, layer))
  );
  const inLayer = paths.filter((path) => isWithin(path, layer));
  const first = paths.indexOf(inLayer[0]!);
  const last = paths.lastIndexOf(inLayer.at(-1)!);
  const attentionCall = paths.indexOf(attention.path);
  const isMlp = (path: string) => {
    const child = childOf(layer, path);
    return child !== attentionChild && (child === block || child !== path);
  };
  const mlpCall = paths.findIndex((path, call) =>
    call > attentionCall && call <= last && isMlp(path)
  );
  if (inLayer.some((path) => isMlp(path) && paths.indexOf(path) < attentionCall)) {
    undecided.push("The MLP is called ahead of attention, and stands in pre_attn");
  }
  const partOf = (call: number): Part => {
    if (call < first) return "prologue";
    if (call > last) return "head";
    if (call <= attentionCall) return "pre_attn";
    if (mlpCall < 0 || call < mlpCall) return "post_attn";
    return block === undefined ? "mlp_dense" : "mlp_moe";
  };
  const units = paths.map((path, call): Unit => {
    const outside = !isWithin(path, layer);
    const child = childOf(layer, path);
    return {
      module: view.at(path)!,
      part: partOf(call),
      kind: path === attention.path ? "attention" : path === block ? "experts" : "other",
      scope: view.classOf(outside ? "" : view.calledAround(path)),
      place: outside
        ? "outside"
        : child === path
        ? "layer"
        : child === attentionChild
        ? "attention block"
        : "mlp",
    };
  });
  const sampler = view.at(SAMPLER_PATH);
  if (sampler) {
    units.push({ module: sampler, part: "head", kind: "other", scope: "", place: "outside" });
  } else undecided.push("vLLM's model runner has no sampler that could be seen");
  return { units, undecided };
}

/** The decoder layer around a module: an entry of a list of modules. */
function layerOf(path: string, view: TreeView): string {
  const around = [...ancestorPaths(path), path];
  const place = around.findLastIndex((ancestor) => view.classOf(ancestor) === "ModuleList");
  return around[place + 1] ?? around.at(-2) ?? "";
}

/** The module right below `outer` that a path leads through. */
function childOf(outer: string, path: string): string {
  const from = outer === "" ? 0 : outer.length + 1;
  const end = path.indexOf(".", from);
  return end < 0 ? path : path.slice(0, end);
}

/** Whether a path leads through another entry of the list that `layer` is in. */
function inAnotherLayer(path: string, layer: string): boolean {
  const list = layer.slice(0, layer.lastIndexOf("."));
  return isWithin(path, list) && path !== list;
}
