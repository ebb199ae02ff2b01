/**
 * The error of interpolation, which needs no hardware: each point that has neighbours on both sides
 * along an axis is taken away and predicted from what is left on that axis.
 *
 * That is harder than what a batch asks for: without the point its neighbours are twice as far from each
 * other. Points at the ends of an axis are not taken away, because nothing would be between.
 *
 * @module
 */

import { fitSkew } from "../fit/fit.ts";
import { type SkewRow, skewRows } from "../fit/skew_rows.ts";
import { type Reading, sweepDegrees } from "../sweep_folder.ts";
import { SWEEP_TABLES } from "../sweep_tables.ts";
import { readTable } from "../table.ts";
import { type Curve, linear, monotone, steady } from "./curve.ts";
import { type ErrorFigures, errorFigures } from "./errors.ts";
import { curveOf, nanoseconds, type PerfRow, perfRows } from "./perf_tables.ts";
import { smoothAlpha } from "./skew_alpha.ts";

/** Errors of one axis of a table. */
export interface AxisError {
  /** The column; `pc` of skew: all rows of a chunk are taken away together. */
  readonly axis: string;
  readonly interpolated: ErrorFigures;
  /** Of LLMServingSim's reading of the same points. */
  readonly reference: ErrorFigures;
}

/** Errors of one table. */
export interface HeldOut {
  readonly tp: number;
  readonly category: string;
  /** Over all axes. */
  readonly interpolated: ErrorFigures;
  readonly reference: ErrorFigures;
  readonly axes: readonly AxisError[];
}

type Read = (curve: Curve, query: number) => number;

/** How {@linkcode interpolatedOperators} reads along each axis; LLMServingSim reads all of them as lines. */
const READS: Readonly<Record<string, Read>> = {
  tokens: steady,
  sequences: steady,
  prefill_chunk: monotone,
  n_decode: monotone,
  kv_prefill: steady,
  kv_decode: steady,
  activated_experts: steady,
};

const LAYERED = ["dense", "per_sequence", "attention", "moe"] as const;

/**
 * Holds points of every table out. Needs read permission.
 *
 * @throws {UsageError} where the folder is no sweep, or a table cannot be read.
 */
export async function leaveOneOut(files: Reading, dir: string): Promise<readonly HeldOut[]> {
  const found: HeldOut[] = [];
  for (const tp of await sweepDegrees(files, dir, "validate")) {
    for (const name of LAYERED) {
      const rows = await perfRows(files, `${dir}/tp${tp}/${name}.csv`, name);
      if (!rows) continue;
      const axes = (SWEEP_TABLES[name].key as readonly string[])
        .filter((column) => column !== "layer");
      push(found, tp, name, axes.map((axis, place) => [axis, alongAxis(rows, place, axis)]));
    }
    const path = `${dir}/tp${tp}/skew.csv`;
    const skew = await readTable(files, path);
    if (skew) push(found, tp, "skew", [["pc", chunksAway(skewRows(path, skew))]]);
  }
  return found;
}

interface Errors {
  readonly interpolated: number[];
  readonly reference: number[];
}

function push(
  found: HeldOut[],
  tp: number,
  category: string,
  axes: readonly (readonly [string, Errors])[],
): void {
  const of = (errors: readonly Errors[]) => {
    const interpolated = errorFigures(errors.flatMap((one) => one.interpolated));
    const reference = errorFigures(errors.flatMap((one) => one.reference));
    return interpolated && reference && { interpolated, reference };
  };
  const whole = of(axes.map(([, errors]) => errors));
  if (!whole) return;
  found.push({
    tp,
    category,
    ...whole,
    axes: axes.flatMap(([axis, errors]) => {
      const figures = of([errors]);
      return figures ? [{ axis, ...figures }] : [];
    }),
  });
}

/** Errors along one axis: of rows whose other values are the same. */
function alongAxis(rows: readonly PerfRow[], place: number, axis: string): Errors {
  const lines = new Map<string, PerfRow[]>();
  for (const row of rows) {
    const name = `${row.layer} ${row.key.filter((_, at) => at !== place).join()}`;
    const line = lines.get(name);
    if (line) line.push(row);
    else lines.set(name, [row]);
  }
  const errors: Errors = { interpolated: [], reference: [] };
  for (const line of lines.values()) {
    const { keys, values } = curveOf(
      line.map((row) => ({ ...row, key: [row.key[place]!] })),
      nanoseconds,
    );
    for (let out = 1; out < keys.length - 1; out++) {
      const left = { keys: keys.toSpliced(out, 1), values: values.toSpliced(out, 1) };
      const error = (read: Read) => read(left, keys[out]!) / values[out]! - 1;
      errors.interpolated.push(error(READS[axis]!));
      errors.reference.push(error(linear));
    }
  }
  return errors;
}

/**
 * Errors of the times of unequal decodes at a chunk whose rows are all taken away, given the times of
 * the mean and of the longest: of alpha between its neighbours, and of the one over all rows, which
 * LLMServingSim takes for a chunk that was not measured.
 */
function chunksAway(rows: readonly SkewRow[]): Errors {
  const chunks = [...new Set(rows.map(({ pc }) => pc))].sort((one, other) => one - other);
  const errors: Errors = { interpolated: [], reference: [] };
  for (const chunk of chunks.slice(1, -1)) {
    const fit = fitSkew(rows.filter(({ pc }) => pc !== chunk))!;
    const smooth = smoothAlpha(fit);
    for (const row of rows) {
      if (row.pc !== chunk || !(row.t_skew_us > 0)) continue;
      const span = Math.max(0, row.t_max_us - row.t_mean_us);
      const error = (alpha: number) => (row.t_mean_us + alpha * span) / row.t_skew_us - 1;
      const rate = (row.kv_mean - row.kvs) / Math.max(1, row.kv_big - row.kvs);
      errors.interpolated.push(error(smooth({
        chunk,
        history: row.kp,
        decodes: row.n,
        longest: row.kv_big,
        rate,
      })));
      errors.reference.push(error(fit.alphaDefault));
    }
  }
  return errors;
}
