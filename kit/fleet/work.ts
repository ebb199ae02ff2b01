/**
 * What a fleet is to measure: engines, and the shots that each of them still lacks.
 *
 * @module
 */

/** Shots `from` (the first) up to `to` (behind the last) of a category's grid. */
export interface ShotRange {
  readonly from: number;
  readonly to: number;
}

/** What a category of one engine still lacks. */
export interface CategoryWork {
  readonly category: string;
  /** In ascending order, without overlap. */
  readonly missing: readonly ShotRange[];
  /** What a shot is expected to take, repetitions included. */
  readonly secondsPerShot: number;
}

/** All that engines of one kind are to measure: a model at a TP degree, as one variant. */
export interface EngineWork {
  /** Model, TP degree and variant, as they name it. */
  readonly engine: string;
  /** From the start of the process to the first shot. */
  readonly bootSeconds: number;
  readonly categories: readonly CategoryWork[];
}

/** A part of a category, measured without a break. */
export interface WorkUnit extends ShotRange {
  readonly category: string;
  readonly seconds: number;
}

/** What is submitted: an engine that boots once and works its units off. */
export interface FleetJob {
  readonly engine: string;
  readonly bootSeconds: number;
  readonly units: readonly WorkUnit[];
  /** Boot and units. */
  readonly seconds: number;
}

/** Seconds that the missing shots of an engine are expected to take, without its boot. */
export function workSeconds({ categories }: EngineWork): number {
  return categories.reduce(
    (sum, { missing, secondsPerShot }) =>
      sum + secondsPerShot * missing.reduce((shots, { from, to }) => shots + to - from, 0),
    0,
  );
}

/** A job as work that can be planned anew, under a name of its own. */
export function workOf({ bootSeconds, units }: FleetJob, engine: string): EngineWork {
  return {
    engine,
    bootSeconds,
    categories: units.map(({ category, from, to, seconds }) => ({
      category,
      missing: [{ from, to }],
      secondsPerShot: seconds / (to - from),
    })),
  };
}
