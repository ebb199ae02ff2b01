/**
 * What LLMServingSim calls the layers of a model.
 *
 * @module
 */

import type { CatalogTable } from "../model/architecture.ts";
import type { Unit } from "./units.ts";

/** A layer's name and table. */
export interface Naming {
  readonly name: string;
  readonly table: CatalogTable;
  /** False: it is the module's own name, and no name that a simulator knows. */
  readonly known: boolean;
}

const QK_NORM = /^(q|k|query|key)_?(layer)?norm$/;
const ACTIVATION = /AndMul|SiLU|Silu|GELU|Gelu|ReLU|Relu|Act/;

/** Names what a call is of. */
export function namingOf({ module, part, kind, place }: Unit): Naming {
  const { class: type } = module;
  const own = module.path.slice(module.path.lastIndexOf(".") + 1);
  const known = (name: string, table: CatalogTable = "dense") => ({ name, table, known: true });
  if (kind === "attention") return known("attention", "attention");
  if (kind === "experts") return known("moe", "moe");
  if (type === "LogitsProcessor") return known("lm_head", "per_sequence");
  if (type === "Sampler") return known("sampler", "per_sequence");
  if (type.includes("Rotary")) return known("rotary_emb");
  if (part === "prologue" && type.includes("VocabParallelEmbedding")) return known("embedding");
  if (type.includes("Norm")) {
    if (place === "outside" && part === "head") return known("final_layernorm");
    if (place === "layer") return known("layernorm");
    if (place === "attention block" && QK_NORM.test(own)) return known("qk_norm");
  }
  if (type === "QKVParallelLinear") return known("qkv_proj");
  if (type === "RowParallelLinear" && place === "attention block") return known("o_proj");
  if (place === "mlp") {
    if (type === "MergedColumnParallelLinear") return known("gate_up_proj");
    if (type === "RowParallelLinear") return known("down_proj");
    if (ACTIVATION.test(type)) return known("act_fn");
  }
  return { name: own.replaceAll(/\W/g, "_") || type, table: "dense", known: false };
}
