/**
 * A unit on its way: which of its jobs are under way, and what is to be done when one of them has ended.
 *
 * @module
 */

import { isIn, overlap, type PlacedShot, readPart, type UnitPart } from "../../fleet/parts.ts";
import { failureOf, foundNoRoom, heldSeconds, isOver, type RayJob } from "../../fleet/ray.ts";
import type { FleetUnit } from "../../fleet/units.ts";
import { submissionId } from "../../fleet/units.ts";
import { MOST_ASKED, pauseMs } from "./log_reading.ts";
import type { RayClient } from "./ray_client.ts";
import type { SweepHome, UnitResults } from "./sweep_home.ts";
import type { JobResult, UnitHome } from "./unit_home.ts";

/** How a unit ended. */
export type UnitStatus = "complete" | "partial" | "failed" | "interrupted";

/** A job that is to be submitted. */
export interface NextJob {
  /** What it measures; all that is missing where there is none. */
  readonly part?: UnitPart;
  /** The job whose work it takes over. */
  readonly helps?: number;
  /** What it is expected to take. */
  readonly seconds?: number;
}

/** What a batch measures is looked at now and then. */
const GATHER_MS = 10_000;

/** A job all of whose shots are home, by itself or by who helps it, has so long to end by itself. */
const END_MS = 30_000;

/** What is kept in mind of a job that is live. */
interface Watched {
  gatherAt: number;
  asked: number;
  /** When all of its shots were seen to be home. */
  idleSince?: number;
}

/** A unit. */
export class UnitRun implements UnitResults {
  readonly results = new Map<number, JobResult>();
  /** The jobs that the cluster knows, by number. */
  readonly jobs = new Map<number, RayJob>();
  /** Its last job; 0 where there is none. */
  attempt = 0;
  /** Jobs that were submitted and are not known to be over. */
  readonly live = new Set<number>();
  /** Jobs that are to be submitted. */
  queue: NextJob[] = [{}];
  status?: UnitStatus;
  reason?: string;
  /** What each job was to do. */
  readonly #tasks = new Map<number, NextJob>();
  readonly #watched = new Map<number, Watched>();
  /** Jobs that were stopped because others had brought home what they were to measure. */
  readonly #spare = new Set<number>();
  /** By part: jobs in a row that brought nothing, and the fewest shots that it has lacked. */
  readonly #tries = new Map<string, { fruitless: number; left: number }>();
  #failure: string | undefined;

  constructor(
    readonly unit: FleetUnit,
    readonly sweep: SweepHome,
    private readonly home: UnitHome,
    private readonly retries: number,
  ) {}

  /** The kind of hardware on which it is measured, by its name. */
  get hardware(): string {
    return this.unit.sweep.plan!.values.hardware!;
  }

  /** Submission ID of one of its jobs; its last one where none is named. */
  idOf(attempt = this.attempt): string {
    return submissionId(this.unit, attempt);
  }

  /** What a job was to do. */
  taskOf(attempt: number): NextJob {
    return this.#tasks.get(attempt) ?? {};
  }

  /** Shots that are home of it. */
  get shots(): number {
    return [...this.results.values()].reduce((sum, { journal }) => sum + journal.shots.length, 0);
  }

  /** Its jobs that run. */
  get running(): number[] {
    return [...this.live].filter((attempt) => this.jobs.get(attempt)?.status === "RUNNING");
  }

  /** Seconds for which its jobs have held their resources. */
  heldSeconds(nowMs: number): number {
    return [...this.jobs.values()].reduce((sum, job) => sum + heldSeconds(job, nowMs), 0);
  }

  /** The cluster knows a job. */
  know(attempt: number, job: RayJob): void {
    this.jobs.set(attempt, job);
    if (this.#tasks.has(attempt)) return;
    const part = readPart(job.metadata?.["part"]);
    const helps = Number(job.metadata?.["helps"]);
    this.#tasks.set(attempt, {
      ...(part === undefined ? {} : { part }),
      ...(helps > 0 ? { helps } : {}),
    });
  }

  /** Finds what earlier vscopes left of it: results that were kept, and jobs, of which some may be live. */
  async find(client: RayClient): Promise<void> {
    for (const attempt of new Set([...await this.home.kept(), ...this.jobs.keys()])) {
      this.attempt = Math.max(this.attempt, attempt);
      await this.#gather(client, attempt);
      const job = this.jobs.get(attempt);
      if (job && !isOver(job)) this.#watch(attempt);
    }
    if (this.live.size > 0) this.queue = [];
  }

  /** A new job was submitted. */
  begun(attempt: number, task: NextJob): void {
    this.attempt = attempt;
    this.#tasks.set(attempt, task);
    this.#watch(attempt);
  }

  /** Takes in what a running job has measured by now, where it is time. */
  async look(client: RayClient, attempt: number, nowMs: number): Promise<void> {
    const watched = this.#watched.get(attempt)!;
    if (nowMs < watched.gatherAt) return;
    const characters = await this.#gather(client, attempt);
    watched.gatherAt = nowMs + pauseMs(GATHER_MS, characters);
  }

  /**
   * Stops running jobs all of whose shots are home because one helps the other: the first to bring them counts.
   *
   * @returns The jobs that were stopped.
   */
  async stopSpare(
    client: RayClient,
    units: readonly UnitResults[],
    nowMs: number,
  ): Promise<number[]> {
    const together = this.running.filter((attempt) =>
      !this.#spare.has(attempt) && this.#helpedOrHelping(attempt)
    );
    if (together.length === 0) return [];
    const left = this.sweep.missingOf(this.unit, units);
    const stopped: number[] = [];
    for (const attempt of together) {
      const watched = this.#watched.get(attempt)!;
      const { part } = this.taskOf(attempt);
      if (left === undefined || left.some((shot) => isIn(part, shot))) {
        delete watched.idleSince;
        continue;
      }
      watched.idleSince ??= nowMs;
      if (nowMs - watched.idleSince < END_MS) continue;
      await client.stop(this.idOf(attempt));
      this.#spare.add(attempt);
      stopped.push(attempt);
    }
    return stopped;
  }

  /**
   * A job is over, or the cluster does not know it any more: the unit has ended, or goes on.
   *
   * @returns What there is to tell.
   */
  async settle(
    client: RayClient,
    attempt: number,
    units: readonly UnitResults[],
  ): Promise<string | undefined> {
    await this.#gather(client, attempt);
    const job = this.jobs.get(attempt);
    const result = this.results.get(attempt);
    const whole = result?.end !== undefined;
    const watched = this.#watched.get(attempt)!;
    // Its node is there, or was a moment ago: what it printed may still be had.
    if (job?.status === "SUCCEEDED" && !whole && ++watched.asked < MOST_ASKED) return undefined;
    this.live.delete(attempt);
    const task = this.taskOf(attempt);
    if (job && foundNoRoom(job)) {
      this.queue.unshift(task);
      return "no node had room for it in time; it waits";
    }
    const end = result?.end;
    const left = this.sweep.missingOf(this.unit, units);
    const own = left?.filter((shot) => isIn(task.part, shot));
    const conflict = result && this.sweep.conflictOf(result, units);
    const setAside = conflict === undefined && end?.status === "partial" && own !== undefined &&
      allIn(own, end.failed);
    if (own?.length === 0 || setAside || this.#spare.has(attempt)) return this.#conclude(left);
    const reason = conflict ?? end?.reason ?? whyNot(job, own?.length);
    if (this.#mayTry(task.part, own?.length, conflict === undefined)) {
      this.queue.push(task);
      return `${reason}; it is submitted again`;
    }
    this.#failure ??= reason;
    return this.#conclude(left);
  }

  /** Whether all of it is home already. */
  isHome(units: readonly UnitResults[]): boolean {
    return this.sweep.missingOf(this.unit, units)?.length === 0;
  }

  /** That jobs were stopped is no failure of their own. */
  forgetFailure(): void {
    if (this.status === "failed") delete this.status;
  }

  /** Removes what was kept beside the sweep's own journal. */
  async discard(): Promise<void> {
    await this.home.discard();
  }

  /** How it ended, where nothing of it is under way or waits. */
  #conclude(left: readonly PlacedShot[] | undefined): string | undefined {
    if (left?.length === 0) this.queue = [];
    if (this.live.size > 0 || this.queue.length > 0) return undefined;
    if (left?.length === 0) return void (this.status = "complete");
    const ends = [...this.results.values()].flatMap(({ end }) => end ?? []);
    if (this.#failure !== undefined) {
      this.status = "failed";
      this.reason = this.#failure;
    } else if (left && allIn(left, ends.flatMap(({ failed }) => failed))) {
      this.status = "partial";
      this.reason = ends.findLast(({ reason }) => reason !== undefined)?.reason ??
        "some shots were set aside";
    } else {
      // Engines whose limits differ count the places of shots differently.
      const reason = `${left?.length ?? "all"} shots are in no part that was measured`;
      if (this.#mayTry(undefined, left?.length, true)) {
        this.queue.push({});
        return `${reason}; they are submitted`;
      }
      this.status = "failed";
      this.reason = reason;
    }
    return undefined;
  }

  /** What was measured anew without an end of it is no progress. */
  #mayTry(part: UnitPart | undefined, left: number | undefined, agrees: boolean): boolean {
    const key = JSON.stringify(part ?? null);
    const before = this.#tries.get(key) ?? { fruitless: 0, left: Infinity };
    const brought = agrees && left !== undefined && left < before.left;
    const fruitless = brought ? 0 : before.fruitless + 1;
    this.#tries.set(key, { fruitless, left: Math.min(before.left, left ?? Infinity) });
    return fruitless <= this.retries;
  }

  #helpedOrHelping(attempt: number): boolean {
    const { part, helps } = this.taskOf(attempt);
    return helps !== undefined ||
      [...this.#tasks].some(([other, task]) =>
        other !== attempt && task.helps === attempt && overlap(part, task.part)
      );
  }

  #watch(attempt: number): void {
    this.live.add(attempt);
    this.#watched.set(attempt, { gatherAt: 0, asked: 0 });
  }

  /** Takes a job's results in; returns the length of its log. */
  async #gather(client: RayClient, attempt: number): Promise<number> {
    let characters = 0;
    const found = await this.home.gather(attempt, async () => {
      // A job that the cluster does not know has no log there.
      if (!this.jobs.has(attempt)) return undefined;
      const log = await client.log(this.idOf(attempt));
      characters = log?.length ?? 0;
      return log;
    });
    this.results.set(attempt, found);
    return characters;
  }
}

function allIn(shots: readonly PlacedShot[], failed: readonly { readonly k: string }[]): boolean {
  const keys = new Set(failed.map(({ k }) => k));
  return shots.every(({ k }) => keys.has(k));
}

/** Why a job has not brought all that it was to bring, where it has not said so. */
function whyNot(job: RayJob | undefined, left: number | undefined): string {
  if (!job) return "the cluster lost the job";
  if (job.status !== "SUCCEEDED") return failureOf(job);
  return left === undefined
    ? "the job succeeded, and nothing of it came home"
    : `the job succeeded, and ${left} shots are missing`;
}

/** The units of each kind of hardware; those of a sweep are of one. */
export function byHardware(runs: readonly UnitRun[]): Map<string, UnitRun[]> {
  return Map.groupBy(runs, ({ hardware }) => hardware);
}

/** Whether they are of a batch on several kinds of hardware, be it that only one is left to measure. */
export function areOfSeveral(runs: readonly UnitRun[]): boolean {
  return runs.some(({ unit }) => unit.sweep.hardware !== undefined);
}

/** The units of the same sweep, itself among them. */
export function siblingsOf({ sweep }: UnitRun, runs: readonly UnitRun[]): UnitRun[] {
  return runs.filter((run) => run.sweep === sweep);
}
