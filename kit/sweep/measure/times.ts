/**
 * The times that a journal has: by TP degree, shot and layer.
 *
 * @module
 */

import type { Architecture, CatalogTable } from "../model/architecture.ts";
import { forcedAt, type Journal, type SweepLine } from "./journal.ts";

/** Samples of a layer's time in µs. */
export class SweepTimes {
  readonly #samples = new Map<string, { sweep: number; us: readonly number[] }>();
  readonly #sweeps: readonly SweepLine[];
  readonly #since = new Map<number, ReadonlyMap<string, number>>();

  /**
   * @param layers What each layer is taken to be now ({@linkcode layerDefinitions}).
   */
  constructor(journal: Journal, layers: Readonly<Record<string, string>>) {
    const sweeps = new Map<number, SweepLine>();
    this.#sweeps = journal.sweeps;
    for (const line of journal.sweeps) sweeps.set(line.sweep, line);
    for (const { k, tp, s, us } of journal.shots) {
      const then = sweeps.get(s)?.layers;
      for (const [layer, samples] of Object.entries(us)) {
        const [defined = ""] = layer.split(" ");
        if (then?.[defined] !== layers[defined] || layers[defined] === undefined) continue;
        if (!Array.isArray(samples) || samples.length === 0) continue;
        if (!samples.every((value) => typeof value === "number" && value > 0)) continue;
        this.#samples.set(`${tp} ${layer} ${k}`, { sweep: s, us: samples });
      }
    }
  }

  /**
   * Samples in µs that count for a category; undefined where there are none. Of one kind of layers they are
   * under the layer's name and the kind's: `attention sliding_attention`.
   */
  of(category: string, tp: number, layer: string, shot: string): readonly number[] | undefined {
    const found = this.#samples.get(`${tp} ${layer} ${shot}`);
    return found && found.sweep >= (this.#sinceAt(tp).get(category) ?? 0) ? found.us : undefined;
  }

  /** The sweep from which on rows of a category count at a TP degree. */
  #sinceAt(tp: number): ReadonlyMap<string, number> {
    const known = this.#since.get(tp);
    if (known) return known;
    const since = new Map(
      this.#sweeps.flatMap((line) =>
        forcedAt(line, tp).map((category) => [category, line.sweep] as const)
      ),
    );
    this.#since.set(tp, since);
    return since;
  }
}

/** What each layer of an architecture is taken to be, as a text that is the same for the same. */
export function layerDefinitions({ catalog }: Architecture): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.values(catalog).flatMap((table) =>
      Object.entries(table).map(([name, { vllm, within, directly, together }]) => [
        name,
        `${vllm.join("|")} ${directly ? "right in" : "in"} ${within ?? "*"}, ${together}`,
      ])
    ),
  );
}

/** The table of the catalog that a category takes its layers from. */
export function catalogTable(category: string): CatalogTable {
  return category === "skew" ? "attention" : category as CatalogTable;
}

/** Layers that a category measures at a TP degree, sorted. */
export function layersAt({ catalog }: Architecture, category: string, tp: number): string[] {
  if (category === "moe" && tp !== 1) return [];
  return Object.entries(catalog[catalogTable(category)])
    .filter(([, { tpStable }]) => tp === 1 || !tpStable)
    .map(([name]) => name).sort();
}
