/**
 * One launch as a file tells it: texts until the file's way to write numbers is known.
 *
 * @module
 */

import { type MetricName, METRICS, TENSOR_OPERATIONS } from "./metrics.ts";
import { type Point, readNumber } from "./numbers.ts";
import { tensorSum } from "./tensor_sum.ts";
import { factorOf } from "./units.ts";

/** A figure as it was written. */
interface Written {
  readonly text: string;
  readonly unit: string;
  /** Place of its name among those of the metric: a lower one is better. */
  readonly rank: number;
}

/** Who was launched. */
export interface LaunchIdentity {
  readonly name: string;
  readonly id: string;
  readonly processId?: string;
  readonly grid?: readonly [number, number, number];
  readonly block?: readonly [number, number, number];
  readonly device?: string;
  readonly computeCapability?: string;
}

/** A launch that is being read. */
export class Launch {
  readonly #written = new Map<MetricName, Written>();
  readonly #tensor = new Map<string, Written>();
  /** Names of figures whose unit is not known. */
  readonly strangeUnits = new Set<string>();
  deviceName?: string;

  constructor(readonly identity: LaunchIdentity) {}

  /** Takes a figure under the name that the file has for it. */
  take(name: string, unit: string, text: string, metrics: readonly MetricName[]): void {
    if (TENSOR_OPERATIONS.test(name)) this.#tensor.set(name, { text, unit, rank: 0 });
    if (metrics.length === 0) return;
    const fitting = metrics.filter((one) => factorOf(unit, METRICS[one].dimension) !== undefined);
    if (fitting.length === 0 && /\d/.test(text)) this.strangeUnits.add(`${name} in "${unit}"`);
    for (const own of fitting) {
      const rank = (METRICS[own].names as readonly string[]).indexOf(name);
      const known = this.#written.get(own);
      if (!known || rank < known.rank) this.#written.set(own, { text, unit, rank });
    }
  }

  /** A figure in the unit of its dimension; nothing where it was not measured. */
  figure(own: MetricName, point: Point): number | undefined {
    const written = this.#written.get(own);
    return written && valueOf(written, METRICS[own].dimension, point);
  }

  /** Operations of tensor pipes, in all and per cycle; nothing where they were not counted. */
  tensorOperations(point: Point): { total?: number; perCycle?: number } {
    const values = [...this.#tensor].flatMap(([name, written]) => {
      const value = valueOf(written, "count", point);
      return value === undefined ? [] : [[name, value] as const];
    });
    const [total, perCycle] = [false, true].map((rate) =>
      tensorSum(values.filter(([name]) => name.endsWith(".per_cycle_elapsed") === rate))
    );
    return {
      ...(total === undefined ? {} : { total }),
      ...(perCycle === undefined ? {} : { perCycle }),
    };
  }

  /** Whether anything was measured that is read. */
  get measured(): boolean {
    return this.#written.size > 0 || this.#tensor.size > 0;
  }
}

function valueOf(
  { text, unit }: Written,
  dimension: Parameters<typeof factorOf>[1],
  point: Point,
): number | undefined {
  const value = readNumber(text, point);
  const factor = factorOf(unit, dimension);
  if (value === undefined || factor === undefined || value < 0) return undefined;
  return exactly(value * factor);
}

/** 4.1 µs are 4100 ns: what a factor adds behind the fifteenth digit is no figure of the file. */
function exactly(value: number): number {
  return Number(value.toPrecision(15));
}
