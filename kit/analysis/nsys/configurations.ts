/**
 * How kernels were launched: grid, block, registers and shared memory, counted together where all
 * are the same.
 *
 * @module
 */

import type { Dim3, LaunchConfigurationRow } from "../capture/launch_model.ts";
import type { Category, KernelRow } from "../capture/model.ts";
import type { Names } from "../activity/names.ts";

/** The columns that tell it, in the order in which {@linkcode Configurations.add} reads them. */
export const CONFIGURATION_COLUMNS = [
  "gridX",
  "gridY",
  "gridZ",
  "blockX",
  "blockY",
  "blockZ",
  "registersPerThread",
  "staticSharedMemory",
  "dynamicSharedMemory",
] as const;

const WIDTH = CONFIGURATION_COLUMNS.length + 1;

/** More ways than this are not told apart. */
const MOST_WAYS = 100_000;

const MOST_LISTED = 2000;

/** What a kernel's row says of its launches. */
type Launched = Pick<
  KernelRow,
  | "grid"
  | "block"
  | "registers_per_thread"
  | "static_shared_bytes"
  | "dynamic_shared_bytes"
  | "configurations"
>;

/** The ways of all files. */
export class Configurations {
  #slots = new Int32Array(1 << 10).fill(-1);
  /** Rows of a name and the columns' values. */
  #ways: Float64Array = new Float64Array(256 * WIDTH);
  #sums: { count: number; total: number; min: number; max: number }[] = [];
  /** Launches in ways that were too many. */
  further = 0;

  /** Takes a launch; the columns' values stand in `values` from `from` on. */
  add(name: number, values: Float64Array, from: number, duration: number): void {
    const mask = this.#slots.length - 1;
    let slot = hashOf(name, values, from) & mask;
    let way = this.#slots[slot]!;
    while (way >= 0 && !this.#same(way, name, values, from)) {
      slot = (slot + 1) & mask;
      way = this.#slots[slot]!;
    }
    if (way < 0) {
      if (this.#sums.length >= MOST_WAYS) {
        this.further++;
        return;
      }
      way = this.#make(slot, name, values, from);
    }
    const sum = this.#sums[way]!;
    sum.count++;
    sum.total += duration;
    if (duration < sum.min) sum.min = duration;
    if (duration > sum.max) sum.max = duration;
  }

  /** The ways by time, falling. */
  rows(names: Names, categoryOf: (name: number) => Category): LaunchConfigurationRow[] {
    return this.#byTime().slice(0, MOST_LISTED).map((way) => {
      const { count, total, min, max } = this.#sums[way]!;
      const name = this.#ways[way * WIDTH]!;
      const { grid, block, ...further } = this.#told(way);
      return {
        name: names.text(name),
        category: categoryOf(name),
        grid: grid!,
        block: block!,
        ...further,
        count,
        total_ns: total,
        avg_ns: total / count,
        min_ns: min,
        max_ns: max,
      };
    });
  }

  /** By a kernel's name: the way in which it was launched most often, and how many there are. */
  byKernel(): Map<number, Launched> {
    const most = new Map<number, { way: number; ways: number }>();
    for (let way = 0; way < this.#sums.length; way++) {
      const name = this.#ways[way * WIDTH]!;
      const before = most.get(name);
      const more = !before || this.#sums[way]!.count > this.#sums[before.way]!.count;
      most.set(name, { way: more ? way : before.way, ways: (before?.ways ?? 0) + 1 });
    }
    return new Map([...most].map(([name, { way, ways }]) => [
      name,
      { ...this.#told(way), configurations: ways },
    ]));
  }

  #byTime(): number[] {
    return this.#sums.map((_, way) => way)
      .sort((a, b) => this.#sums[b]!.total - this.#sums[a]!.total);
  }

  #told(way: number): Launched {
    const at = way * WIDTH + 1;
    const dim = (from: number) => [...this.#ways.subarray(from, from + 3)] as unknown as Dim3;
    const [registers, fixed, dynamic] = this.#ways.subarray(at + 6, at + 9);
    return {
      grid: dim(at),
      block: dim(at + 3),
      ...(registers! >= 0 ? { registers_per_thread: registers! } : {}),
      ...(fixed! >= 0 ? { static_shared_bytes: fixed! } : {}),
      ...(dynamic! >= 0 ? { dynamic_shared_bytes: dynamic! } : {}),
    };
  }

  #same(way: number, name: number, values: Float64Array, from: number): boolean {
    const at = way * WIDTH;
    if (this.#ways[at] !== name) return false;
    for (let column = 0; column < WIDTH - 1; column++) {
      if (!Object.is(this.#ways[at + 1 + column], values[from + column])) return false;
    }
    return true;
  }

  #make(slot: number, name: number, values: Float64Array, from: number): number {
    const way = this.#sums.push({ count: 0, total: 0, min: Infinity, max: -Infinity }) - 1;
    if ((way + 1) * WIDTH > this.#ways.length) {
      const larger = new Float64Array(this.#ways.length * 2);
      larger.set(this.#ways);
      this.#ways = larger;
    }
    this.#ways[way * WIDTH] = name;
    this.#ways.set(values.subarray(from, from + WIDTH - 1), way * WIDTH + 1);
    this.#slots[slot] = way;
    if (this.#sums.length * 2 > this.#slots.length) this.#grow();
    return way;
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2).fill(-1);
    const mask = slots.length - 1;
    for (let way = 0; way < this.#sums.length; way++) {
      let slot = hashOf(this.#ways[way * WIDTH]!, this.#ways, way * WIDTH + 1) & mask;
      while (slots[slot]! >= 0) slot = (slot + 1) & mask;
      slots[slot] = way;
    }
    this.#slots = slots;
  }
}

function hashOf(name: number, values: Float64Array, from: number): number {
  let hash = Math.imul(name + 1, 0x9e3779b1);
  for (let at = from; at < from + WIDTH - 1; at++) {
    hash = Math.imul(hash ^ (values[at]! | 0), 0x01000193);
    hash ^= hash >>> 15;
  }
  return hash;
}
