/**
 * Predictions as `vscope bundle predict --json` prints them.
 *
 * @module
 */

import { type Batch, requestsOf, sum, tokensOf } from "./batch.ts";
import type { PassTime } from "./compose.ts";
import type { Predictor } from "./predictor.ts";
import { roundDecimals } from "../rounding.ts";

/** µs of ns, as many decimals as tables have digits. */
export function micros(ns: number): number {
  return roundDecimals(ns / 1000, 6);
}

/** The document. */
export function predictionJson(
  predictor: Predictor,
  batches: readonly Batch[],
  passes: readonly PassTime[],
): Readonly<Record<string, unknown>> {
  const { dir, method, tp, shape, meta, notes } = predictor;
  return {
    schema_version: 1,
    bundle: dir,
    method,
    tp,
    model: meta?.values["model"] ?? null,
    num_layers: shape.blocks,
    notes,
    predictions: batches.map((batch, place) => passJson(batch, passes[place]!)),
  };
}

function passJson(batch: Batch, pass: PassTime): Readonly<Record<string, unknown>> {
  return {
    ...(batch.id === undefined ? {} : { id: batch.id }),
    batch: {
      tokens: tokensOf(batch),
      requests: requestsOf(batch),
      prefills: sum(batch.prefills, ({ count }) => count),
      decodes: sum(batch.decodes, ({ count }) => count),
    },
    time_us: micros(pass.ns),
    layers: pass.layers.map(({ layer, part, table, calls, ns }) => ({
      layer,
      part,
      table,
      calls,
      time_us: micros(ns),
      total_us: micros(ns * calls),
    })),
    ...(pass.experts
      ? {
        experts: {
          tokens: roundDecimals(pass.experts.tokens, 3),
          activated_experts: roundDecimals(pass.experts.activatedExperts, 3),
        },
      }
      : {}),
    missing_layers: pass.missing,
    extrapolated: pass.outside,
  };
}
