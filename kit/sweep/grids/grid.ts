/**
 * A grid: the keys of a table, and why the others were left out.
 *
 * @module
 */

import type { Density, Limits } from "./limits.ts";
import type { Shot } from "./shot.ts";

/** A key: the values of the table's key columns, in their order. */
export type Key = readonly number[];

/** Keys that were left out for one reason. */
export interface Skipped {
  readonly reason: string;
  readonly count: number;
}

/** Keys in the order of their table. Each is there once. */
export interface Grid {
  readonly keys: readonly Key[];
  readonly skipped: readonly Skipped[];
}

/** A category of the sweep, which has a table of its own. */
export interface SweepCategory {
  readonly name: string;
  /** The key columns of the table, without `layer`. */
  readonly columns: readonly string[];
  /** The values of each axis, whose product the grid is taken from; [] where it is no product. */
  axes(limits: Limits, density: Density): readonly (readonly number[])[];
  grid(limits: Limits, density: Density): Grid;
  /** The forward passes that a row is made from. */
  shots(key: Key): readonly Shot[];
  /** A value as the table writes it. */
  cell?(column: string, value: number): string;
}

/** Sorts candidates into keys and reasons. */
export class Sieve {
  readonly #keys: Key[] = [];
  readonly #reasons = new Map<string, number>();

  /** Takes a candidate: `reason` says why it is left out, undefined that it is a key. */
  take(key: Key, reason: string | undefined): void {
    if (reason === undefined) this.#keys.push(key);
    else this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
  }

  /** What came of it; reasons by how many they concern. */
  grid(): Grid {
    const skipped = [...this.#reasons].map(([reason, count]) => ({ reason, count }));
    return { keys: this.#keys, skipped: skipped.sort((one, other) => other.count - one.count) };
  }
}
