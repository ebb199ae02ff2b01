/**
 * Predictions as `vscope bundle predict --json` prints them.
 *
 * @module
 */

import { type Batch, requestsOf, sum, tokensOf } from "./batch.ts";
import type { PassTime } from "./compose.ts";
import { launchFor, STEP_MODES, type StepMode, stepUs } from "./launch.ts";
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
  const { dir, method, tp, shape, meta, notes, launches } = predictor;
  return {
    schema_version: 1,
    bundle: dir,
    method,
    tp,
    model: meta?.values["model"] ?? null,
    num_layers: shape.blocks,
    notes,
    ...(launches ? { launch: launches } : {}),
    predictions: batches.map((batch, place) => passJson(predictor, batch, passes[place]!)),
  };
}

/** A batch as a step of a mode. */
export interface StepTime {
  readonly mode: StepMode;
  /** As {@linkcode LaunchTerm} names it. */
  readonly graph: string;
  readonly timeUs: number;
}

/** The batch as a step of the whole model, in each way of running it that the sweep knows. */
export function stepTimes(
  { launches, shape }: Pick<Predictor, "launches" | "shape">,
  batch: Batch,
  pass: PassTime,
): StepTime[] {
  return STEP_MODES.flatMap((mode) => {
    const term = launches && launchFor(launches, mode, batch);
    if (!launches || !term) return [];
    const timeUs = stepUs(launches, term, pass.ns / 1000, shape.blocks);
    return [{ mode, graph: term.graph, timeUs }];
  });
}

function passJson(
  predictor: Predictor,
  batch: Batch,
  pass: PassTime,
): Readonly<Record<string, unknown>> {
  const steps = stepTimes(predictor, batch, pass);
  return {
    ...(batch.id === undefined ? {} : { id: batch.id }),
    batch: {
      tokens: tokensOf(batch),
      requests: requestsOf(batch),
      prefills: sum(batch.prefills, ({ count }) => count),
      decodes: sum(batch.decodes, ({ count }) => count),
    },
    time_us: micros(pass.ns),
    ...(steps.length === 0 ? {} : {
      steps: Object.fromEntries(steps.map(({ mode, graph, timeUs }) => [mode, {
        graph,
        time_us: roundDecimals(timeUs, 3),
      }])),
    }),
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
