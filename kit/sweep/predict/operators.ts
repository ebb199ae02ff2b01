/**
 * What a method of prediction answers: the time of one call of each kind of operator.
 *
 * @module
 */

import type { Batch } from "./batch.ts";

/** A query outside of what was measured, along one axis. */
export interface Outside {
  /** `tp1/attention.csv`. */
  readonly table: string;
  /** The column. */
  readonly axis: string;
  readonly value: number;
  /** The least and the largest that was measured. */
  readonly from: number;
  readonly to: number;
}

/** Takes notice of queries outside of what was measured, each once. */
export class OutsideNotes {
  readonly #notes = new Map<string, Outside>();

  /** Notes a query that lies outside of the keys. */
  check(table: string, axis: string, keys: readonly number[], value: number): void {
    const [from, to] = [keys[0]!, keys.at(-1)!];
    if (value >= from && value <= to) return;
    this.#notes.set(`${table} ${axis} ${value}`, { table, axis, value, from, to });
  }

  /** What was noted since it was made. */
  get notes(): readonly Outside[] {
    return [...this.#notes.values()];
  }
}

/** Tokens and experts of one block of experts on one rank. */
export interface ExpertLoad {
  readonly tokens: number;
  readonly activatedExperts: number;
}

/** Times in ns of one call; undefined where the sweep has no such layer. */
export interface Operators {
  /** Layers whose time depends on the tokens of the batch. */
  dense(layer: string, tokens: number, outside: OutsideNotes): number | undefined;
  /** Layers whose time depends on the requests of the batch. */
  perSequence(layer: string, requests: number, outside: OutsideNotes): number | undefined;
  attention(batch: Batch, outside: OutsideNotes): number | undefined;
  moe(load: ExpertLoad, outside: OutsideNotes): number | undefined;
  /** What a block of experts has to do for so many tokens, of each of which `perToken` experts are used. */
  expertLoad(
    tokens: number,
    experts: { readonly count: number; readonly perToken: number },
    ranks: number,
  ): ExpertLoad;
}
