/**
 * What the files of one run have in common: tables by name, to which every file adds.
 *
 * @module
 */

import type { Category } from "../capture/model.ts";
import type { Classify } from "../kernels/classify.ts";
import { Durations, DurationTable } from "./durations.ts";
import { Names } from "./names.ts";

/** Copies of one kind. */
export interface Copies {
  readonly times: Durations;
  /** Bytes; fewer than `times` where some copy did not tell. */
  readonly sizes: Durations;
}

/** The tables. Numbers of names are those of `names`; times are nanoseconds. */
export class Tables {
  readonly kernels = new DurationTable();
  readonly operators = new DurationTable();
  /** By name: the time of operators without those that they called. */
  readonly ownTime: number[] = [];
  readonly calls = new DurationTable();
  readonly ranges = new DurationTable();
  readonly overhead = new DurationTable();
  readonly copies = new Map<string, Copies>();
  #categories: Category[] = [];

  constructor(private readonly classify: Classify, readonly names: Names = new Names()) {}

  /** Takes a copy; a size below 0 or NaN is not known. */
  copy(kind: string, duration: number, bytes: number): void {
    let sum = this.copies.get(kind);
    if (!sum) this.copies.set(kind, sum = { times: new Durations(), sizes: new Durations() });
    sum.times.add(duration);
    if (bytes >= 0) sum.sizes.add(bytes);
  }

  /** Empty tables with the same names. */
  emptied(): Tables {
    return new Tables(this.classify, this.names);
  }

  /** The category of a name. */
  category(name: number): Category {
    return this.#categories[name] ??= this.classify(this.names.text(name));
  }
}
