/**
 * A session against a sweep: what its steps took, what the sweep says, and where the rest is.
 *
 * @module
 */

import { type ErrorFigures, errorFigures, quantile } from "./errors.ts";
import type { PassTime } from "./compose.ts";
import { launchKind, type StepMode, stepUs } from "./launch.ts";
import type { Predictor } from "./predictor.ts";
import type { SessionStep } from "./session_steps.ts";

/** A step with its prediction. */
export interface ComparedStep {
  readonly step: SessionStep;
  readonly pass: PassTime;
  /** execute_model() and sample_tokens(). */
  readonly measuredUs: number;
  /** The operators, and what a step takes besides where the sweep knows it. */
  readonly predictedUs: number;
  /** Σ over the operators. */
  readonly operatorsUs: number;
}

/** Steps that are alike. */
export interface StepClass {
  readonly phase: string;
  /** `eager`, or the kind of CUDA graph; "" where nobody looked. */
  readonly graph: string;
  readonly steps: number;
  readonly error: ErrorFigures;
  /** Σ over the steps. */
  readonly measured_us: number;
  readonly predicted_us: number;
  /** Of it the operators. */
  readonly operators_us: number;
  /** What the difference consists of; the parts add up to it. */
  readonly difference: {
    /** Measured less predicted, Σ over the steps. */
    readonly total_us: number;
    /** Of execute_model(), against all layers but the sampler. */
    readonly forward_us: number;
    /** Of sample_tokens(), against the sampler; absent where it was not timed. */
    readonly sampling_us?: number;
  };
  /**
   * The line measured = constant + factor · predicted through the steps: what every step takes on top
   * (launches, Python, gaps), and by how much kernels differ. Absent where predictions hardly differ.
   */
  readonly line?: { readonly constant_us: number; readonly factor: number };
}

/** The whole comparison. */
export interface SessionComparison {
  readonly steps: readonly ComparedStep[];
  readonly classes: readonly StepClass[];
  readonly all?: ErrorFigures;
  /** Steps of which every request is known, and those of which only means are. */
  readonly known: { readonly requests: number; readonly means: number };
  /** Steps without a batch, by the reason. */
  readonly unknown: Readonly<Record<string, number>>;
  /** Errors of steps within and outside of the sweep's grid. */
  readonly within?: ErrorFigures;
  readonly outside?: ErrorFigures;
}

const SAMPLER = "sampler";
/** Steps through whose pairs a line is laid; more are thinned evenly. */
const MOST_FOR_LINE = 400;
/** Longest over shortest prediction from which a line means something. */
const LEAST_RANGE = 1.3;

/** Predicts each step of a session whose batch is known. */
export function compareSession(
  predictor: Pick<Predictor, "predict"> & Partial<Pick<Predictor, "launches" | "shape">>,
  steps: readonly SessionStep[],
): SessionComparison {
  const besides = besidesOf(predictor, steps);
  const unknown: Record<string, number> = {};
  const compared: ComparedStep[] = [];
  for (const step of steps) {
    const measuredUs = (step.forwardMs + (step.sampleMs ?? 0)) * 1000;
    const why = step.batch === undefined
      ? step.unknown ?? "its batch is not known"
      : measuredUs > 0
      ? undefined
      : "it was not timed";
    if (why !== undefined) {
      unknown[why] = (unknown[why] ?? 0) + 1;
      continue;
    }
    const padded = step.graph !== "" && step.graph !== "NONE" ? step.graphTokens : undefined;
    const pass = predictor.predict({
      ...step.batch!,
      ...(padded === undefined ? {} : { paddedTokens: padded }),
    });
    const timedNs = step.sampleMs === undefined ? pass.ns - samplerNs(pass) : pass.ns;
    const operatorsUs = timedNs / 1000;
    const predictedUs = besides?.(step, operatorsUs) ?? operatorsUs;
    compared.push({ step, pass, measuredUs, operatorsUs, predictedUs });
  }
  const groups = Map.groupBy(compared, ({ step }) => `${step.phase}|${step.graph}`);
  const figures = (of: readonly ComparedStep[]) => errorFigures(of.map(errorOf));
  const known = (how: SessionStep["knowledge"]) =>
    compared.filter(({ step }) => step.knowledge === how).length;
  const [all, within, outside] = [
    figures(compared),
    figures(compared.filter(({ pass }) => pass.outside.length === 0)),
    figures(compared.filter(({ pass }) => pass.outside.length > 0)),
  ];
  return {
    steps: compared,
    classes: [...groups.values()].map(classOf).sort((one, other) => other.steps - one.steps),
    ...(all ? { all } : {}),
    known: { requests: known("requests"), means: known("means") },
    unknown,
    ...(within ? { within } : {}),
    ...(outside ? { outside } : {}),
  };
}

/** What turns the time of a step's operators into that of the step; undefined where nobody knows. */
function besidesOf(
  { launches, shape }: Partial<Pick<Predictor, "launches" | "shape">>,
  steps: readonly SessionStep[],
): ((step: SessionStep, operatorsUs: number) => number | undefined) | undefined {
  if (!launches || !shape) return undefined;
  const mode = modeOf(steps);
  return ({ graph }, operatorsUs) => {
    const kind = launchKind(mode, graph);
    const term = launches.modes[mode]?.find((found) => found.graph === kind);
    return term && stepUs(launches, term, operatorsUs, shape.blocks);
  };
}

/** How a session's model ran: with graphs where one was replayed. */
function modeOf(steps: readonly SessionStep[]): StepMode {
  return steps.some(({ graph }) => graph !== "" && graph !== "NONE") ? "graphs" : "eager";
}

function errorOf({ measuredUs, predictedUs }: ComparedStep): number {
  return predictedUs / measuredUs - 1;
}

function samplerNs({ layers }: PassTime): number {
  return layers.filter(({ layer }) => layer === SAMPLER)
    .reduce((total, { ns, calls }) => total + ns * calls, 0);
}

function classOf(steps: readonly ComparedStep[]): StepClass {
  const { phase, graph } = steps[0]!.step;
  const total = (value: (step: ComparedStep) => number) =>
    steps.reduce((sum, step) => sum + value(step), 0);
  const measured = total(({ measuredUs }) => measuredUs);
  const predicted = total(({ predictedUs }) => predictedUs);
  const sampled = steps.every(({ step }) => step.sampleMs !== undefined);
  const sampling = total(({ step, pass }) =>
    (step.sampleMs ?? 0) * 1000 - (step.sampleMs === undefined ? 0 : samplerNs(pass) / 1000)
  );
  const line = lineThrough(steps);
  return {
    phase,
    graph: graph === "NONE" ? "eager" : graph,
    steps: steps.length,
    error: errorFigures(steps.map(errorOf))!,
    measured_us: round(measured),
    predicted_us: round(predicted),
    operators_us: round(total(({ operatorsUs }) => operatorsUs)),
    difference: {
      total_us: round(measured - predicted),
      forward_us: round(measured - predicted - sampling),
      ...(sampled ? { sampling_us: round(sampling) } : {}),
    },
    ...(line ? { line } : {}),
  };
}

/** By medians (Theil and Sen), so that a few disturbed steps do not move it. */
function lineThrough(steps: readonly ComparedStep[]): StepClass["line"] {
  const every = Math.ceil(steps.length / MOST_FOR_LINE);
  const some = steps.filter((_, place) => place % every === 0);
  const predictions = some.map(({ predictedUs }) => predictedUs);
  const least = predictions.reduce((low, value) => Math.min(low, value), Infinity);
  const most = predictions.reduce((high, value) => Math.max(high, value), 0);
  if (some.length < 8 || most < least * LEAST_RANGE) return undefined;
  const slopes: number[] = [];
  for (const [place, one] of some.entries()) {
    for (const other of some.slice(place + 1)) {
      const run = other.predictedUs - one.predictedUs;
      if (Math.abs(run) > least * 0.05) slopes.push((other.measuredUs - one.measuredUs) / run);
    }
  }
  if (slopes.length === 0) return undefined;
  const median = (values: number[]) => quantile(values.sort((one, other) => one - other), 0.5);
  const factor = median(slopes);
  const constant = median(some.map((one) => one.measuredUs - factor * one.predictedUs));
  return { constant_us: round(constant), factor: Number(factor.toFixed(4)) };
}

function round(us: number): number {
  return Number(us.toFixed(3));
}
