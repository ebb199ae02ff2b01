/**
 * CPU operators: how long they took themselves, and which of them launched what.
 *
 * @module
 */

import { DurationTable } from "../activity/durations.ts";

const IDS_OF_CHUNK = 1 << 14;

/** External ids are remembered in so many chunks: of 16 million operators, as ids have few holes. */
const MOST_CHUNKS = 1024;

/** Operators of so many names are remembered. */
const MOST_NAMES = 0xffff;

/** The operators that run on one thread, the outermost first. */
interface Stack {
  readonly ends: number[];
  readonly names: number[];
  last: number;
}

/** Operators of one file. */
export class Operators {
  #stacks = new Map<number, Stack>();
  /** By external id: the place of the operator's name in `#known`, plus one. */
  #ids = new Map<number, Uint16Array>();
  #known: number[] = [];
  #places: number[] = [];

  /** Whether calls of a thread overlapped or came out of order: own times are then not known. */
  disordered = false;
  /** Operators whose external ids were not remembered. */
  forgotten = 0;

  constructor(private readonly table: DurationTable, private readonly own: number[]) {}

  /** Takes an operator. Kineto lists those of a thread by their start. */
  take(name: number, thread: number, start: number, duration: number, external: number): void {
    this.table.of(name).add(duration);
    if (external >= 0) this.#remember(external, name);
    let stack = this.#stacks.get(thread);
    if (!stack) this.#stacks.set(thread, stack = { ends: [], names: [], last: -Infinity });
    const { ends, names } = stack;
    if (start < stack.last) this.disordered = true;
    stack.last = start;
    while (ends.length > 0 && ends[ends.length - 1]! <= start) {
      ends.pop();
      names.pop();
    }
    const end = start + duration;
    this.own[name] = (this.own[name] ?? 0) + duration;
    if (ends.length > 0) {
      const caller = names[names.length - 1]!;
      // Times are rounded to a nanosecond or a microsecond: a callee may seem to end just after.
      const inside = Math.min(end, ends[ends.length - 1]!) - start;
      if (end - start - inside > 1000) this.disordered = true;
      this.own[caller]! -= inside;
    }
    ends.push(end);
    names.push(name);
  }

  /** The name of the operator with an external id; −1 where it is not known. */
  named(external: number): number {
    if (!(external >= 0)) return -1;
    const chunk = this.#ids.get(Math.floor(external / IDS_OF_CHUNK));
    const place = chunk?.[external % IDS_OF_CHUNK] ?? 0;
    return place === 0 ? -1 : this.#known[place - 1]!;
  }

  #remember(external: number, name: number): void {
    const key = Math.floor(external / IDS_OF_CHUNK);
    let chunk = this.#ids.get(key);
    if (!chunk) {
      if (this.#ids.size >= MOST_CHUNKS) {
        this.forgotten++;
        return;
      }
      this.#ids.set(key, chunk = new Uint16Array(IDS_OF_CHUNK));
    }
    const place = this.#places[name] ??= this.#known.push(name);
    if (place > MOST_NAMES) this.forgotten++;
    else chunk[external % IDS_OF_CHUNK] = place;
  }
}
