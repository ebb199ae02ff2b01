/**
 * A figure of two sides, each of one run or of several, and the interval of its change.
 *
 * @module
 */

import { errorOf } from "./estimate.ts";
import type { ComparedBundle, Figure, FigureName, MatchedRows, Within } from "./figure.ts";
import { studentQuantile } from "./student.ts";

/**
 * What an interval is made from: what repeated runs differ by, or what one run a side was uneven by; absent
 * where nothing tells.
 */
export type Basis = "runs" | "within_run";

/** A change from A to B; on the scale `ratio` as a ratio, else as a difference. */
export interface Change extends FigureName {
  /** Of several runs: the geometric mean on the scale `ratio`, else the mean. */
  readonly a: number;
  /** The same of the other side. */
  readonly b: number;
  /** b / a, or b − a. */
  readonly change: number;
  /** Of the change, with the asked for confidence. */
  readonly interval?: readonly [low: number, high: number];
  /** What the interval is made from. */
  readonly basis?: Basis;
  /** Rows that the figure is made of, where rows were matched. */
  readonly rows?: number;
}

/** One side's values of a figure, a run each. */
type Side = readonly Pick<Figure, "value" | "within">[];

/** The change of a figure that each bundle of both sides has. */
export function changeOf(name: FigureName, a: Side, b: Side, confidence: number): Change {
  const { scale } = name;
  const up = (value: number) => scale === "ratio" ? Math.log(value) : value;
  const down = (value: number) => scale === "ratio" ? Math.exp(value) : value;
  const [valuesA, valuesB] = [a, b].map((side) => side.map(({ value }) => up(value)));
  const change = mean(valuesB!) - mean(valuesA!);
  const error = errorBetween(valuesA!, valuesB!, a, b);
  const margin = error && error.within.error *
      studentQuantile(confidence, error.within.freedom);
  return {
    ...nameOf(name),
    a: a.length === 1 ? a[0]!.value : down(mean(valuesA!)),
    b: b.length === 1 ? b[0]!.value : down(mean(valuesB!)),
    change: down(change),
    ...(error && margin !== undefined
      ? { interval: [down(change - margin), down(change + margin)], basis: error.basis }
      : {}),
  };
}

/**
 * Of several runs: what runs of one side differ by, taken as the same on both sides. It holds what happened
 * within runs as well, which is its least value: few runs may be alike by chance.
 *
 * Of one run a side nothing tells what differs from run to run. It is taken to be as much as what differs
 * from stretch to stretch of a run: a machine that was slow for a fifth of a run may be slow for all of another.
 */
function errorBetween(
  a: readonly number[],
  b: readonly number[],
  sideA: Side,
  sideB: Side,
): { within: Within; basis: Basis } | undefined {
  const freedom = a.length + b.length - 2;
  const inside = insideOf(freedom === 0, sideA, sideB);
  if (freedom === 0) return inside && { within: inside, basis: "within_run" };
  const squares = [a, b].reduce((sum, values) => {
    const middle = mean(values);
    return sum + values.reduce((own, value) => own + (value - middle) ** 2, 0);
  }, 0);
  const between = Math.sqrt(squares / freedom * (1 / a.length + 1 / b.length));
  return {
    within: { error: Math.max(between, inside?.error ?? 0), freedom },
    basis: "runs",
  };
}

/** The error of both sides; with `alone` each run counts as one stretch, and not as the mean of many. */
function insideOf(alone: boolean, ...sides: readonly Side[]): Within | undefined {
  let variance = 0;
  let freedom = Infinity;
  for (const side of sides) {
    for (const { within } of side) {
      if (!within) return undefined;
      variance += (within.error / side.length) ** 2 * (alone ? within.stretches ?? 1 : 1);
      freedom = Math.min(freedom, within.freedom);
    }
  }
  return { error: Math.sqrt(variance), freedom };
}

/**
 * The change of matched rows: the mean of the logarithms of their ratios. Rows of one run a side are taken
 * as a sample of what there might be, so that rows which change differently make the interval wide.
 *
 * @returns undefined where the bundles have no row in common.
 */
export function changeOfRows(
  name: FigureName,
  a: readonly MatchedRows[],
  b: readonly MatchedRows[],
  confidence: number,
): Change | undefined {
  const keys = commonKeys([...a, ...b]);
  if (keys.length === 0) return undefined;
  const logs = (side: readonly MatchedRows[]) =>
    side.map(({ rows }) => keys.map((key) => Math.log(rows.get(key)!)));
  const [logsA, logsB] = [logs(a), logs(b)];
  const side = (all: readonly number[][]): Side =>
    all.map((values) => ({ value: Math.exp(mean(values)) }));
  const [sideA, sideB] = [side(logsA), side(logsB)];
  if (a.length + b.length > 2) {
    return { ...changeOf(name, sideA, sideB, confidence), rows: keys.length };
  }
  const ratios = keys.map((_, place) => logsB[0]![place]! - logsA[0]![place]!);
  const sum = ratios.reduce((total, value) => total + value, 0);
  const within = errorOf(keys.length, (start, end) => {
    const out = ratios.slice(start, end).reduce((total, value) => total + value, 0);
    return (sum - out) / (keys.length - (end - start));
  }, "difference");
  const half = within && { ...within, error: within.error / Math.SQRT2 };
  const own = (values: Side): Side =>
    values.map(({ value }) => ({ value, ...(half ? { within: half } : {}) }));
  return { ...changeOf(name, own(sideA), own(sideB), confidence), rows: keys.length };
}

/** Keys that all have, in the order of the first. */
export function commonKeys(all: readonly MatchedRows[]): string[] {
  const [first, ...others] = all;
  return [...first?.rows.keys() ?? []].filter((key) => others.every(({ rows }) => rows.has(key)));
}

function nameOf({ metric, unit, better, scale }: FigureName): FigureName {
  return { metric, unit, scale, ...(better ? { better } : {}) };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The figures by metric that a bundle has. */
export function byMetric({ figures, matched }: ComparedBundle): Map<string, Figure | MatchedRows> {
  return new Map([...figures, ...matched].map((figure) => [figure.metric, figure]));
}
