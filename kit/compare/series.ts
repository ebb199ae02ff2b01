/**
 * Series of samples by name, and the figures that are made of each.
 *
 * @module
 */

import { type Estimate, meanOf, quantileOf } from "./estimate.ts";
import type { Figure, FigureName } from "./figure.ts";

/** What can be made of a series. */
export type Statistic = "mean" | "p50" | "p95";

/** A 95th percentile of fewer samples is one of its extremes. */
const LEAST_FOR_P95 = 40;

const STATISTICS: Readonly<
  Record<Statistic, (values: readonly number[], scale: Figure["scale"]) => Estimate | undefined>
> = {
  mean: meanOf,
  p50: (values, scale) => quantileOf(values, 0.5, scale),
  p95: (values, scale) =>
    values.length < LEAST_FOR_P95 ? undefined : quantileOf(values, 0.95, scale),
};

/** Collects samples in the order of time, by the name of their series. */
export class SeriesByName {
  readonly #series = new Map<string, number[]>();

  /** Takes a sample; one that is no finite number is left out. */
  add(name: string, value: number): void {
    if (!Number.isFinite(value)) return;
    const series = this.#series.get(name);
    if (series) series.push(value);
    else this.#series.set(name, [value]);
  }

  /** Figures of every series, `<table>.<name>.<statistic>`; names are sorted. */
  figures(
    table: string,
    statistics: readonly Statistic[],
    about: Omit<FigureName, "metric">,
  ): Figure[] {
    return [...this.#series.keys()].toSorted().flatMap((name) =>
      figuresOf(`${table}.${name}`, this.#series.get(name)!, statistics, about)
    );
  }

  /** Series with their samples. */
  entries(): IterableIterator<[string, readonly number[]]> {
    return this.#series.entries();
  }
}

/** Figures of a series of samples in the order of time. */
export function figuresOf(
  name: string,
  values: readonly number[],
  statistics: readonly Statistic[],
  about: Omit<FigureName, "metric">,
): Figure[] {
  return statistics.flatMap((statistic) => {
    const made = STATISTICS[statistic](values, about.scale);
    return made ? [{ ...about, metric: `${name}.${statistic}`, ...made }] : [];
  });
}

/** A figure that is one number. */
export function single(
  metric: string,
  value: number | undefined,
  about: Omit<FigureName, "metric">,
): Figure[] {
  return value === undefined || !Number.isFinite(value) || (about.scale === "ratio" && value <= 0)
    ? []
    : [{ ...about, metric, value }];
}
