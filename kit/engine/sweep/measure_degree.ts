/**
 * Measures one TP degree: engines one after the other, until every shot is fired or set aside.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { RunError } from "../../contract/errors.ts";
import type { NeededShot } from "../../sweep/measure/needed.ts";
import {
  Driver,
  type DriverPlace,
  type DriverRequest,
  type EngineFacts,
  type FailedShot,
  type Firing,
} from "./driver.ts";
import { DiskFull, saysDiskFull } from "../disk_full.ts";
import { type DegreePlace, engineStarts, SweepProgress } from "./progress.ts";

/** Engines that may die before a TP degree is given up. */
const MOST_DEATHS = 5;

/** What is asked for. */
export interface DegreeWork extends DegreePlace {
  readonly driver: DriverPlace;
  readonly request: DriverRequest;
  /** Called with each engine's facts, before a shot is fired. Throws where it is no engine for us. */
  up(facts: EngineFacts, pid: number): Promise<void>;
  /** Shots that the journal lacks, without those that cannot be fired; asked again after each engine. */
  needed(facts: EngineFacts, failed: ReadonlySet<string>): Promise<readonly NeededShot[]>;
  /** Whether it is asked again after each round of the same engine too. */
  readonly rounds?: boolean;
  /** Told of a death that is survived. */
  died(message: string): void;
  /** Ctrl-C, or the end of the time budget. */
  readonly signal: AbortSignal;
}

/** What came of it. */
export interface DegreeResult {
  /** The last engine's; absent where none came up in time. */
  readonly facts?: EngineFacts;
  /** Shots that could not be fired, and why. */
  readonly failed: readonly FailedShot[];
  /** Whether it was ended before all was fired. */
  readonly stopped: boolean;
}

/**
 * Measures.
 *
 * @throws {RunError} where no engine comes up, or too many die.
 */
export async function measureDegree(
  context: RunContext,
  work: DegreeWork,
): Promise<DegreeResult> {
  const failed = new Map<string, FailedShot>();
  let facts: EngineFacts | undefined;
  let careful = false;
  for (let deaths = 0;;) {
    if (work.signal.aborted) return result(facts, failed, true);
    const place = { ...work.driver, work: `${work.driver.work}/tp${work.tp}-${deaths}` };
    engineStarts(context.output, context.clock, work);
    const worker = { ...work.request.worker, careful };
    const rounds = work.rounds === true;
    const driver = await Driver.start(context, place, { ...work.request, worker, rounds });
    try {
      const found = await driver.ready(work.signal);
      if (!found) return result(facts, failed, true);
      facts = found;
      await work.up(found, driver.pid);
      const needed = () => work.needed(found, new Set(failed.keys()));
      const shots = await needed();
      if (shots.length === 0) return result(facts, failed, false);
      const fire = async (shots: readonly NeededShot[], round: number) => {
        const place = rounds ? { ...work, round } : work;
        const progress = new SweepProgress(context.output, context.clock, place, shots);
        const firing = await driver.fire(shots, (count) => progress.fired(count), work.signal);
        for (const shot of firing.failed) failed.set(shot.k, shot);
        return firing;
      };
      const { firing, fired } = await fireRounds(shots, fire, rounds ? needed : undefined);
      if (firing.how !== "died") return result(facts, failed, firing.how === "stopped");
      await driver.end();
      // No shot is to blame, and the next engine would find no room either.
      if (saysDiskFull(firing.why ?? "")) {
        throw new DiskFull(`Cannot keep what TP degree ${work.tp} measures: ${firing.why}`);
      }
      // Of a part of the grid others may be chosen now: only the worker can tell which was in flight.
      const left = rounds ? fired : await needed();
      const told = firing.failed.some(({ why }) => why === firing.why);
      const alone: boolean = !rounds && (careful || found.shots_per_session === 1);
      const culprit: NeededShot | undefined = told
        ? undefined
        : culpritOf(left, await driver.inFlight(), alone);
      careful = !told && !culprit;
      if (++deaths >= MOST_DEATHS) {
        throw new RunError(
          `The engine of TP degree ${work.tp} died ${deaths} times, the last time of: ${firing.why}`,
        );
      }
      if (culprit) {
        failed.set(culprit.k, { k: culprit.k, why: `the engine died: ${firing.why}` });
      }
      work.died(
        `The engine of TP degree ${work.tp} died (${firing.why}); ` +
          (culprit ? `the shot "${culprit.k.trim()}" is set aside, and ` : "") +
          "another is started",
      );
    } finally {
      await driver.end();
    }
  }
}

/**
 * Fires round after round, until none is wanted any more, or a round does not end as it should.
 *
 * @param next Gives the shots of the next round; without it there is one round.
 * @returns The last round: how it ended, and what was fired in it.
 */
async function fireRounds(
  shots: readonly NeededShot[],
  fire: (shots: readonly NeededShot[], round: number) => Promise<Firing>,
  next?: () => Promise<readonly NeededShot[]>,
): Promise<{ firing: Firing; fired: readonly NeededShot[] }> {
  for (let fired = shots, round = 1;; round++) {
    const firing = await fire(fired, round);
    const wanted = next && firing.how === "done" ? await next() : [];
    if (wanted.length === 0) return { firing, fired };
    fired = wanted;
  }
}

/**
 * The shot that an engine died of. Shots are fired in their order, and are in the journal once they are
 * done: of those that are timed alone, the first that is left is the one. Where several come together and
 * the worker did not tell which was in flight, it is the next engine, which takes them one by one, whose
 * death names the shot.
 */
function culpritOf(
  left: readonly NeededShot[],
  inFlight: string | undefined,
  alone: boolean,
): NeededShot | undefined {
  return left.find(({ k }) => k === inFlight) ?? (alone ? left[0] : undefined);
}

function result(
  facts: EngineFacts | undefined,
  failed: ReadonlyMap<string, FailedShot>,
  stopped: boolean,
): DegreeResult {
  return { ...(facts ? { facts } : {}), failed: [...failed.values()], stopped };
}
