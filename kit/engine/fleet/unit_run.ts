/**
 * A unit on its way: which of its jobs is under way, and what is to be done when that has ended.
 *
 * @module
 */

import { failureOf, foundNoRoom, heldSeconds, isOver, type RayJob } from "../../fleet/ray.ts";
import type { FleetUnit } from "../../fleet/units.ts";
import { submissionId } from "../../fleet/units.ts";
import type { RayClient } from "./ray_client.ts";
import type { SweepHome, UnitResults } from "./sweep_home.ts";
import type { JobResult, UnitHome } from "./unit_home.ts";

/** How a unit ended. */
export type UnitStatus = "complete" | "partial" | "failed" | "interrupted";

/** A log is read again after so long, and later the longer it is. */
const GATHER_MS = 10_000;
const GATHER_MS_PER_CHARACTER = 0.005;

/** So often the log of a job that succeeded is asked for. */
const MOST_ASKED = 10;

/** A unit. */
export class UnitRun implements UnitResults {
  readonly results = new Map<number, JobResult>();
  /** The jobs that the cluster knows, by number. */
  readonly jobs = new Map<number, RayJob>();
  /** Its last job; 0 where there is none. */
  attempt = 0;
  /** Whether that one was submitted and is not known to be over. */
  live = false;
  status?: UnitStatus;
  reason?: string;
  /** Jobs in a row that brought nothing. */
  #fruitless = 0;
  #gatherAt = 0;
  #asked = 0;

  constructor(
    readonly unit: FleetUnit,
    readonly sweep: SweepHome,
    private readonly home: UnitHome,
    private readonly retries: number,
  ) {}

  /** Submission ID of its last job. */
  get id(): string {
    return submissionId(this.unit, this.attempt);
  }

  /** Shots that are home of it. */
  get shots(): number {
    return [...this.results.values()].reduce((sum, { journal }) => sum + journal.shots.length, 0);
  }

  /** Seconds for which its jobs have held their resources. */
  heldSeconds(nowMs: number): number {
    return [...this.jobs.values()].reduce((sum, job) => sum + heldSeconds(job, nowMs), 0);
  }

  /** Finds what earlier vscopes left of it: results that were kept, and jobs, of which one may be live. */
  async find(client: RayClient): Promise<void> {
    for (const attempt of new Set([...await this.home.kept(), ...this.jobs.keys()])) {
      this.attempt = Math.max(this.attempt, attempt);
      await this.#gather(client, attempt);
    }
    const last = this.jobs.get(this.attempt);
    this.live = last !== undefined && !isOver(last);
  }

  /** A new job was submitted. */
  begun(): void {
    this.live = true;
    this.#asked = 0;
    this.#gatherAt = 0;
  }

  /** Takes in what its running job has measured by now, where it is time. */
  async look(client: RayClient, nowMs: number): Promise<void> {
    if (nowMs < this.#gatherAt) return;
    const characters = await this.#gather(client, this.attempt);
    this.#gatherAt = nowMs + GATHER_MS + characters * GATHER_MS_PER_CHARACTER;
  }

  /**
   * Its job is over, or the cluster does not know it any more: the unit has ended, or waits for its next job.
   *
   * @returns What there is to tell.
   */
  async settle(
    client: RayClient,
    job: RayJob | undefined,
    units: readonly UnitResults[],
  ): Promise<string | undefined> {
    const before = this.shots;
    await this.#gather(client, this.attempt);
    const whole = this.results.get(this.attempt)?.end !== undefined;
    // Its node is there, or was a moment ago: what it printed may still be had.
    if (job?.status === "SUCCEEDED" && !whole && ++this.#asked < MOST_ASKED) return undefined;
    this.live = false;
    if (job && foundNoRoom(job)) return "no node had room for it in time; it waits";
    const result = this.results.get(this.attempt);
    const conflict = result && this.sweep.conflictOf(result, units);
    const end = result?.end;
    const left = this.sweep.missingOf(this.unit, units);
    if (left === 0) return void (this.status = "complete");
    if (conflict === undefined && end?.status === "partial" && left === end.failed.length) {
      this.status = "partial";
      this.reason = end.reason ?? "some shots were set aside";
      return undefined;
    }
    const reason = conflict ?? end?.reason ?? (job ? failureOf(job) : "the cluster lost the job");
    const brought = this.shots > before || (result?.journal.shots.length ?? 0) > 0;
    this.#fruitless = brought && conflict === undefined ? 0 : this.#fruitless + 1;
    if (this.#fruitless <= this.retries) return `${reason}; it is submitted again`;
    this.status = "failed";
    this.reason = reason;
    return undefined;
  }

  /** Whether all of it is home already. */
  isHome(units: readonly UnitResults[]): boolean {
    return this.sweep.missingOf(this.unit, units) === 0;
  }

  /** Removes what was kept beside the sweep's own journal. */
  async discard(): Promise<void> {
    await this.home.discard();
  }

  /** Takes a job's results in; returns the length of its log. */
  async #gather(client: RayClient, attempt: number): Promise<number> {
    let characters = 0;
    const found = await this.home.gather(attempt, async () => {
      // A job that the cluster does not know has no log there.
      if (!this.jobs.has(attempt)) return undefined;
      const log = await client.log(submissionId(this.unit, attempt));
      characters = log?.length ?? 0;
      return log;
    });
    this.results.set(attempt, found);
    return characters;
  }
}
