/**
 * Held-out batches against their predictions.
 *
 * @module
 */

import { shotKey } from "../grids/shot.ts";
import type { Architecture } from "../model/architecture.ts";
import type { Batch } from "../predict/batch.ts";
import { composePass } from "../predict/compose.ts";
import { type ErrorFigures, errorFigures } from "../predict/errors.ts";
import type { Operators } from "../predict/operators.ts";
import { type BatchClass, type HeldOutBatch } from "./batches.ts";

/** A batch and its prediction. */
export interface ValidatedBatch {
  readonly kind: BatchClass;
  /** As `--shape` of `bundle predict` takes it. */
  readonly shape: string;
  readonly experts?: number;
  /** Σ over the layers of a model with one block, in µs. */
  readonly measuredUs: number;
  readonly predictedUs: number;
  readonly extrapolated: boolean;
}

/** What came of them. */
export interface Validation {
  readonly batches: readonly ValidatedBatch[];
  readonly error?: ErrorFigures;
  readonly classes: Readonly<Partial<Record<BatchClass, ErrorFigures>>>;
  /** Of one call of each layer. */
  readonly layers: Readonly<Record<string, ErrorFigures>>;
}

/** What is compared. */
export interface ValidationSubject {
  readonly operators: Operators;
  readonly architecture: Architecture;
  readonly experts?: { readonly count: number; readonly perToken: number } | undefined;
  /** µs of a call of a layer in a shot; undefined where it was not timed. */
  time(layer: string, shot: string): number | undefined;
}

/** Compares; a batch whose attention was not timed is left out. */
export function validateBatches(
  subject: ValidationSubject,
  held: readonly HeldOutBatch[],
): Validation {
  const { operators, architecture, experts, time } = subject;
  const [attention] = Object.keys(architecture.catalog.attention);
  const byLayer = new Map<string, number[]>();
  const batches: ValidatedBatch[] = [];
  for (const { kind, shot } of held) {
    const key = shotKey(shot);
    if (time(attention!, key) === undefined) continue;
    const pass = composePass(
      operators,
      { architecture, blocks: 1, expertRanks: 1, ...(experts ? { experts } : {}) },
      batchOf(shot.requests, shot.experts),
    );
    let [measuredUs, predictedUs] = [0, 0];
    for (const { layer, calls, ns } of pass.layers) {
      const us = time(layer, key);
      if (us === undefined) continue;
      measuredUs += us * calls;
      predictedUs += ns / 1000 * calls;
      const errors = byLayer.get(layer) ?? [];
      byLayer.set(layer, errors);
      errors.push(ns / 1000 / us - 1);
    }
    batches.push({
      kind,
      shape: shot.requests.map(([tokens, history, count]) => `${count}x${tokens}+${history}`)
        .join(" "),
      ...(shot.experts === undefined ? {} : { experts: shot.experts }),
      measuredUs,
      predictedUs,
      extrapolated: pass.outside.length > 0,
    });
  }
  const figures = (of: readonly ValidatedBatch[]) =>
    errorFigures(of.map(({ measuredUs, predictedUs }) => predictedUs / measuredUs - 1));
  const error = figures(batches);
  return {
    batches,
    ...(error ? { error } : {}),
    classes: Object.fromEntries(
      [...Map.groupBy(batches, ({ kind }) => kind)].map(([kind, of]) => [kind, figures(of)]),
    ),
    layers: Object.fromEntries(
      [...byLayer].map(([layer, errors]) => [layer, errorFigures(errors)!]),
    ),
  };
}

function batchOf(
  runs: readonly (readonly [tokens: number, history: number, count: number])[],
  experts: number | undefined,
): Batch {
  const groups = runs.map(([tokens, history, count]) => ({ tokens, history, count }));
  return {
    prefills: groups.filter(({ tokens }) => tokens > 1),
    decodes: groups.filter(({ tokens }) => tokens === 1),
    ...(experts === undefined ? {} : { activatedExperts: experts }),
  };
}

/** The columns of `validation.csv`. */
export const VALIDATION_COLUMNS = "class,shape,experts,measured_us,predicted_us,extrapolated";

/** The file: a row for each batch. */
export function validationCsv({ batches }: Validation): string {
  const rows = batches.map((batch) =>
    [
      batch.kind,
      batch.shape,
      batch.experts ?? "",
      batch.measuredUs.toFixed(3),
      batch.predictedUs.toFixed(3),
      batch.extrapolated,
    ].join()
  );
  return [VALIDATION_COLUMNS, ...rows].map((row) => `${row}\n`).join("");
}

/** The part of `meta.yaml`. */
export function validationMeta(
  perTp: ReadonlyMap<number, Validation>,
): Readonly<Record<string, unknown>> {
  return {
    method: "interpolated",
    compared: "sum over the layers of a model with one block, without what a step costs besides",
    per_tp: Object.fromEntries([...perTp].map(([tp, { batches, error, classes, layers }]) => [tp, {
      batches: batches.length,
      extrapolated: batches.filter(({ extrapolated }) => extrapolated).length,
      batch_table: `tp${tp}/validation.csv`,
      error: error ?? null,
      classes,
      layers,
    }])),
  };
}
