/**
 * What the files of one run have in common: tables by name, to which every file adds.
 *
 * @module
 */

import type { Category } from "../capture/model.ts";
import type { Classify } from "../kernels/classify.ts";
import { DurationTable } from "./durations.ts";
import { Names } from "./names.ts";

/** Copies of one kind. */
export interface Copies {
  count: number;
  total: number;
  bytes: number;
  /** Whether every copy told its size. */
  sized: boolean;
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

  /** Empty tables with the same names. */
  emptied(): Tables {
    return new Tables(this.classify, this.names);
  }

  /** The category of a name. */
  category(name: number): Category {
    return this.#categories[name] ??= this.classify(this.names.text(name));
  }
}
