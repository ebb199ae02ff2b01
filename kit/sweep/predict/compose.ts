/**
 * The time of a forward pass, composed of the times of its operators.
 *
 * @module
 */

import type { Architecture, CatalogTable } from "../model/architecture.ts";
import { type Batch, requestsOf, tokensOf } from "./batch.ts";
import { type ExpertLoad, type Operators, type Outside, OutsideNotes } from "./operators.ts";

/** What of a model a forward pass is composed by. */
export interface ModelShape {
  readonly architecture: Architecture;
  /** Transformer blocks. */
  readonly blocks: number;
  /** Of them those without experts, in a model that has experts; none where absent. */
  readonly denseBlocks?: number;
  /** Absent: the model has no experts. */
  readonly experts?: { readonly count: number; readonly perToken: number };
  /** Ranks that experts are spread over (expert parallelism). */
  readonly expertRanks: number;
}

/** A layer of a forward pass. */
export interface LayerTime {
  readonly layer: string;
  readonly part: "prologue" | "block" | "head";
  readonly table: CatalogTable;
  /** How often a forward pass calls it. */
  readonly calls: number;
  /** Of one call. */
  readonly ns: number;
}

/** A forward pass. */
export interface PassTime {
  /** Σ over all calls. */
  readonly ns: number;
  readonly layers: readonly LayerTime[];
  /** Layers of the architecture that the sweep has no times of: their time is not in it. */
  readonly missing: readonly string[];
  readonly outside: readonly Outside[];
  /** What each block of experts was taken to do. */
  readonly experts?: ExpertLoad;
}

/** Composes the forward pass of a batch. */
export function composePass(operators: Operators, model: ModelShape, batch: Batch): PassTime {
  const { architecture: { catalog, sequence }, blocks, experts, expertRanks } = model;
  const dense = experts ? model.denseBlocks ?? 0 : blocks;
  const outside = new OutsideNotes();
  const tokens = Math.max(tokensOf(batch), batch.paddedTokens ?? 0);
  const requests = requestsOf(batch);
  const estimated = experts && operators.expertLoad(tokens, experts, expertRanks);
  const load = estimated && batch.activatedExperts !== undefined
    ? { ...estimated, activatedExperts: batch.activatedExperts }
    : estimated;
  const missing = new Set<string>();
  const layers: { -readonly [key in keyof LayerTime]: LayerTime[key] }[] = [];
  const time = (layer: string, table: CatalogTable): number | undefined => {
    switch (table) {
      case "dense":
        return operators.dense(layer, tokens, outside);
      case "per_sequence":
        return operators.perSequence(layer, requests, outside);
      case "attention":
        return operators.attention(batch, outside);
      case "moe":
        return load && operators.moe(load, outside);
    }
  };
  const add = (part: LayerTime["part"], names: readonly string[], calls: number) => {
    for (const layer of names) {
      const there = layers.find((entry) => entry.layer === layer && entry.part === part);
      if (there) {
        there.calls += calls;
        continue;
      }
      const table = tableOf(catalog, layer);
      const ns = time(layer, table);
      if (ns === undefined) missing.add(layer);
      else layers.push({ layer, part, table, calls, ns });
    }
  };
  const part = (name: string) => sequence[name] ?? [];
  add("prologue", part("prologue"), 1);
  add("block", [...part("pre_attn"), ...part("post_attn")], blocks);
  if (dense > 0) add("block", part("mlp_dense"), dense);
  if (dense < blocks) add("block", part("mlp_moe"), blocks - dense);
  add("head", part("head"), 1);
  return {
    ns: layers.reduce((total, { ns, calls }) => total + ns * calls, 0),
    layers,
    missing: [...missing],
    outside: outside.notes,
    ...(load ? { experts: load } : {}),
  };
}

/** The table of a layer. The architecture was checked to have each of its sequence in one. */
function tableOf(catalog: Architecture["catalog"], layer: string): CatalogTable {
  const tables = ["per_sequence", "attention", "moe", "dense"] as const;
  return tables.find((table) => layer in catalog[table])!;
}
