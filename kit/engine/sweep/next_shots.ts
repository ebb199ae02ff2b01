/**
 * What a sweep fires next: all that its journal lacks, or where a part of the grid is asked for, what is
 * chosen of it.
 *
 * @module
 */

import { firstChoice } from "../../sweep/adaptive/choose.ts";
import {
  adaptiveTables,
  isPart,
  nextShots,
  type PartOf,
  partStates,
  spent,
} from "../../sweep/adaptive/sweep_part.ts";
import type { NeededShot } from "../../sweep/measure/needed.ts";
import { layerDefinitions, SweepTimes } from "../../sweep/measure/times.ts";
import type { EngineFacts, FailedShot } from "./driver.ts";
import { missing, settingsOf, type SweepState } from "./sweep_state.ts";
import { neededForValidation } from "./validation.ts";

type Measured = Pick<SweepState, "settings" | "journal" | "values">;

function partOf(
  { settings, journal, values }: Measured,
  tp: number,
  facts: EngineFacts,
  failed: ReadonlySet<string>,
): PartOf {
  return {
    settings: settingsOf(settings, facts),
    tp,
    times: new SweepTimes(journal, layerDefinitions(settings.architecture)),
    iterations: values.measurementIterations,
    absent: new Set(facts.missing),
    failed,
  };
}

/**
 * The shots, without those that cannot be fired. Of a part of the grid these are the next round: with its
 * times others are chosen. Held-out batches come last.
 */
export function shotsToFire(
  run: Measured,
  tp: number,
  facts: EngineFacts,
  failed: ReadonlySet<string> = new Set(),
): NeededShot[] {
  const possible = (shots: NeededShot[]) => shots.filter(({ k }) => !failed.has(k));
  if (!isPart(run.values)) return possible(missing(run, tp, facts));
  const part = partOf(run, tp, facts, failed);
  const chosen = nextShots(part, run.journal, run.values);
  if (chosen.length > 0) return chosen;
  const { settings, times, iterations, absent } = part;
  return possible(
    neededForValidation(settings, run.values.validate, tp, times, iterations, absent),
  );
}

/** What is not done of a TP degree. */
export interface Undone {
  /** Shots that failed, and are tried once more by the next run. */
  readonly failed: readonly FailedShot[];
  /** Shots that are to be fired besides; of a part those of the next round. */
  readonly left: number;
}

/** What is not done of a TP degree, by the journal. */
export function undone(run: SweepState, tp: number, facts: EngineFacts): Undone {
  const set = run.engines.get(tp)?.failed ?? [];
  if (isPart(run.values)) {
    const keys = new Set(set.map(({ k }) => k));
    return { failed: set, left: shotsToFire(run, tp, facts, keys).length };
  }
  const left = missing(run, tp, facts);
  const failed = set.filter(({ k }) => left.some((shot) => shot.k === k));
  return { failed, left: left.length - failed.length };
}

/** The part of the grid that is measured at a TP degree; undefined where all of it is to be. */
export function chosenPart(run: SweepState, tp: number, facts: EngineFacts): PartOf | undefined {
  const failed = new Set((run.engines.get(tp)?.failed ?? []).map(({ k }) => k));
  return isPart(run.values) ? partOf(run, tp, facts, failed) : undefined;
}

/** Whether everything is measured that the choice of the rest begins with. */
export function hasBegun(part: PartOf): boolean {
  return adaptiveTables(part).every((table) =>
    firstChoice(table).every((place) => table.times(place) !== undefined)
  );
}

/** What meta.yaml tells of the parts of all TP degrees; undefined where all of the grid is to be measured. */
export function partMeta(
  run: SweepState,
  first: EngineFacts,
): Readonly<Record<string, unknown>> | undefined {
  const { values: { budget, gridError }, settings, journal } = run;
  const perTp = settings.tpDegrees.flatMap((tp) => {
    const part = chosenPart(run, tp, run.engines.get(tp)?.facts ?? first);
    if (!part) return [];
    const { shots, seconds } = spent(journal, tp, adaptiveTables(part));
    return [[tp, { shots, seconds: Number(seconds.toFixed(1)), tables: partStates(part) }]];
  });
  if (perTp.length === 0) return undefined;
  return {
    ...(budget === undefined ? {} : { budget_sec: budget }),
    ...(gridError === undefined ? {} : { grid_error: gridError }),
    error: "of times read at keys drawn at random, as if those were not in the tables",
    per_tp: Object.fromEntries(perTp),
  };
}
