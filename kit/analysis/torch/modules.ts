/**
 * The modules of the model (`nn.Module`) around a moment of a thread, where stacks were recorded.
 *
 * @module
 */

import { FURTHER, type Names } from "../activity/names.ts";

const MODULE = /^nn\.Module: (.+?)(?:_\d+)?$/;

/** More calls of modules than this are not kept: paths then end where they do. */
const MOST_CALLS = 1_000_000;

interface Thread {
  starts: number[];
  ends: number[];
  classes: number[];
  /** Place of the call around each; −1 for none. */
  around: Int32Array;
  paths: Int32Array;
}

/** Calls of modules of one file. */
export class Modules {
  #classes: (number | null)[] = [];
  #classNames: string[] = [];
  #threads = new Map<number, Thread>();
  #calls = 0;
  #paths: string[] = [];

  /** Calls that were too many. */
  further = 0;

  get any(): boolean {
    return this.#calls > 0;
  }

  /** Takes a Python function; others than modules are passed over. */
  take(name: number, names: Names, thread: number, start: number, duration: number): void {
    const kind = this.#classes[name] === undefined
      ? this.#classes[name] = this.#classOf(names.text(name))
      : this.#classes[name];
    if (kind === null || kind === undefined) return;
    if (this.#calls++ >= MOST_CALLS) {
      this.further++;
      return;
    }
    let calls = this.#threads.get(thread);
    if (!calls) {
      calls = {
        starts: [],
        ends: [],
        classes: [],
        around: new Int32Array(),
        paths: new Int32Array(),
      };
      this.#threads.set(thread, calls);
    }
    calls.starts.push(start);
    calls.ends.push(start + duration);
    calls.classes.push(kind);
  }

  #classOf(text: string): number | null {
    const found = text === FURTHER ? null : MODULE.exec(text);
    return found ? this.#classNames.push(found[1]!) - 1 : null;
  }

  /** Ends the collection: sorts the calls and names the path of each. */
  finish(): void {
    const known = new Map<string, number>();
    for (const calls of this.#threads.values()) {
      const order = calls.starts.map((_, place) => place).sort((a, b) =>
        calls.starts[a]! - calls.starts[b]! || calls.ends[b]! - calls.ends[a]!
      );
      for (const column of ["starts", "ends", "classes"] as const) {
        const values = calls[column];
        calls[column] = order.map((place) => values[place]!);
      }
      calls.around = new Int32Array(order.length);
      calls.paths = new Int32Array(order.length);
      const open: number[] = [];
      order.forEach((_, place) => {
        while (open.length > 0 && calls.ends[open.at(-1)!]! <= calls.starts[place]!) open.pop();
        const outer = open.at(-1) ?? -1;
        const name = this.#classNames[calls.classes[place]!]!;
        const path = outer < 0 ? name : `${this.#paths[calls.paths[outer]!]} > ${name}`;
        let id = known.get(path);
        if (id === undefined) known.set(path, id = this.#paths.push(path) - 1);
        calls.around[place] = outer;
        calls.paths[place] = id;
        open.push(place);
      });
    }
  }

  /** The number of the path of the innermost module at a time; −1 for none. */
  at(thread: number, time: number): number {
    const calls = this.#threads.get(thread);
    if (!calls || !(time >= calls.starts[0]!)) return -1;
    let low = 0;
    let high = calls.starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (calls.starts[middle]! <= time) low = middle;
      else high = middle;
    }
    while (low >= 0 && calls.ends[low]! < time) low = calls.around[low]!;
    return low < 0 ? -1 : calls.paths[low]!;
  }

  /** A path, as `Model > Layer > Attention`. */
  path(id: number): string {
    return this.#paths[id]!;
  }
}
