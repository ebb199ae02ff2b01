/**
 * Steps of the whole model against their predictions: the load that makes them, and what came of it.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";
import type { FileSystem } from "../../contract/context.ts";
import type { SweepSubject } from "../plan/settings.ts";
import type { Density, Limits } from "../grids/limits.ts";
import { type ComparedStep, compareSession } from "../predict/compare_session.ts";
import { type ErrorFigures, errorFigures } from "../predict/errors.ts";
import {
  fitLaunch,
  launchKind,
  type LaunchTerm,
  type StepMode,
  stepUs,
} from "../predict/launch.ts";
import type { Predictor } from "../predict/predictor.ts";
import { type SessionStep, sessionSteps } from "../predict/session_steps.ts";

/** The session of a mode, within the sweep's folder. */
export function stepsFolder(mode: StepMode): string {
  return `steps-${mode}`;
}

/** Layers that the whole model is run with: as many as asked for, of those that it has. */
export function stepLayers({ model }: SweepSubject, asked: number | undefined): number {
  const { config } = model;
  // Models of several kinds of input have those of the text in a part of their own.
  const text = config["text_config"] as Readonly<Record<string, unknown>> | undefined;
  const all = Number(config["num_hidden_layers"] ?? text?.["num_hidden_layers"]);
  return asked === undefined || asked > all ? all : asked;
}

/** Requests that come together; lengths in tokens. */
export interface Wave {
  readonly requests: number;
  readonly shortest: number;
  readonly longest: number;
  /** Most tokens of an answer. */
  readonly answers: number;
}

/** Laps of all waves: the first one warms up. */
export const LAPS = 3;
/** The file in which a load tells when its laps began. */
const LAPS_NAME = "laps.json";

/**
 * A load within the limits of a sweep's grids: prompts in several chunks, many decodes, few long ones.
 * A limit that leaves no room makes a wave smaller.
 */
export function stepWaves(limits: Limits, { attentionMaxKv }: Density): Wave[] {
  const { maxNumBatchedTokens: most, maxNumSeqs, maxModelLen, numCacheTokens = Infinity } = limits;
  const wave = (requests: number, shortest: number, longest: number, answers: number): Wave => {
    const few = Math.max(1, Math.min(requests, maxNumSeqs));
    const answer = Math.max(2, Math.min(answers, Math.floor(maxModelLen / 4)));
    const each = Math.floor(Math.min(numCacheTokens, 1e9) / few / 2);
    const room = Math.max(2, Math.min(attentionMaxKv, maxModelLen - 1, each) - answer);
    const end = Math.min(Math.max(2, Math.floor(longest)), room);
    return {
      requests: few,
      shortest: Math.min(Math.max(2, Math.floor(shortest)), end),
      longest: end,
      answers: answer,
    };
  };
  return [
    wave(4, most / 4, most * 0.9, 8),
    wave(2, most * 1.5, most * 3, 8),
    wave(64, most / 100, most / 5, 64),
    wave(128, most / 200, most / 32, 96),
    wave(maxNumSeqs, most / 200, most / 32, 32),
    wave(24, most / 20, most * 0.9, 128),
  ];
}

/** Longest request of a load, in tokens. */
export function longestOf(waves: readonly Wave[]): number {
  return Math.max(...waves.map(({ longest, answers }) => longest + answers));
}

/** A session of whole-model steps, compared. */
export interface StepValidation {
  readonly mode: StepMode;
  /** Steps of the measured laps that were timed. */
  readonly steps: number;
  readonly compared: readonly ComparedStep[];
  /** When the last lap began, in seconds of the session. */
  readonly lastLapSec: number;
  readonly unknown: Readonly<Record<string, number>>;
}

/**
 * Compares the steps of a session behind its first lap. Needs read permission.
 *
 * @throws {UsageError} where the session has no steps, or its load did not come to its end.
 */
export async function validateSteps(
  files: FileSystem,
  dir: string,
  mode: StepMode,
  predictor: Pick<Predictor, "predict">,
): Promise<StepValidation> {
  const folder = `${dir}/${stepsFolder(mode)}`;
  const laps = await readLaps(files, folder);
  const steps = (await sessionSteps(files, folder)).filter(({ seconds }) => seconds >= laps[1]!);
  const { steps: compared, unknown } = compareSession(predictor, steps);
  return { mode, steps: steps.length, compared, unknown, lastLapSec: laps[LAPS - 1]! };
}

async function readLaps(files: FileSystem, folder: string): Promise<readonly number[]> {
  const text = await files.readTextFile(`${folder}/${LAPS_NAME}`).catch(() => "{}");
  const { began_sec: began = [] } = JSON.parse(text) as { began_sec?: number[] };
  if (began.length <= LAPS) {
    throw new UsageError(
      `Cannot compare with "${folder}": its load ended in lap ${began.length} of ${LAPS}`,
    );
  }
  return began;
}

/** The part of `meta.yaml` for a mode, of a model with so many layers. */
export function stepsMeta(
  { mode, steps, compared, unknown, lastLapSec }: StepValidation,
  layers: number,
): Readonly<Record<string, unknown>> {
  const timing = [...new Set(compared.map(({ step }) => step.timing))].sort().join(", ");
  const [fitted, held] = [true, false].map((before) =>
    compared.filter(({ step }) => step.seconds < lastLapSec === before)
  );
  const launch = launchTerms(mode, fitted!);
  const launches = { layers, timing, modes: { [mode]: launch } };
  const judged = held!.map((one) => {
    const kind = launchKind(mode, one.step.graph);
    const term = launch.find(({ graph }) => graph === kind);
    return term ? { ...one, predictedUs: stepUs(launches, term, one.operatorsUs, layers) } : one;
  });
  return {
    session: stepsFolder(mode),
    timing,
    steps,
    compared: compared.length,
    not_compared: unknown,
    ...errorsOf(compared),
    ...(launch.length > 0 ? { launch, with_launch: errorsOf(judged) } : {}),
  };
}

/** What steps of each kind take besides their operators. */
function launchTerms(mode: StepMode, steps: readonly ComparedStep[]): LaunchTerm[] {
  const kinds = Map.groupBy(steps, ({ step }) => launchKind(mode, step.graph));
  return [...kinds].sort(([one], [other]) => one < other ? -1 : 1).flatMap(([graph, of]) => {
    const samples = of.map(({ operatorsUs, measuredUs, step: { phase } }) => ({
      kernelsUs: operatorsUs,
      measuredUs,
      phase,
    }));
    const found = fitLaunch(samples, { withFactor: mode === "graphs" });
    if (!found) return [];
    const tokens = of.flatMap(({ step: { graphTokens = 0, graph } }) =>
      graph === "" || graph === "NONE" ? [] : [graphTokens]
    );
    return [{
      graph,
      phases: [...new Set(of.map(({ step }) => step.phase))].sort(),
      ...(tokens.length > 0 ? { up_to_tokens: Math.max(...tokens) } : {}),
      ...found,
      steps: of.length,
    }];
  });
}

/** Errors of all steps, and by their phase; of graphs also by what was replayed. */
export function errorsOf(
  compared: readonly ComparedStep[],
): { error: ErrorFigures | null; classes: Readonly<Record<string, ErrorFigures>> } {
  const figures = (of: readonly ComparedStep[]) =>
    errorFigures(of.map(({ measuredUs, predictedUs }) => predictedUs / measuredUs - 1));
  const classes = Map.groupBy(compared, ({ step }) => classOf(step));
  return {
    error: figures(compared) ?? null,
    classes: Object.fromEntries(
      [...classes].map(([name, of]) => [name, figures(of)!] as const).sort(([one], [other]) =>
        one < other ? -1 : 1
      ),
    ),
  };
}

/** `decode`, or `decode FULL` where a graph was replayed. */
function classOf({ phase, graph }: SessionStep): string {
  return graph === "" || graph === "NONE" ? phase : `${phase} ${graph}`;
}
