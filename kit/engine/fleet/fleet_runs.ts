/**
 * The units of a batch on a cluster: submitted as there is room, followed, submitted again where they fail.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { messageOf, RunError, UsageError } from "../../contract/errors.ts";
import { isOver, type RayJob, type Resources, roomFor } from "../../fleet/ray.ts";
import { attemptOf } from "../../fleet/units.ts";
import { ClusterSilent, type RayClient } from "./ray_client.ts";
import { tellProgress } from "./fleet_progress.ts";
import type { UnitRun } from "./unit_run.ts";

const POLL_MS = 2000;
/** The nodes are asked for this seldom. */
const NODES_MS = 30_000;
/** A cluster that is silent for so long is left; its jobs go on without us. */
const PATIENCE_MS = 15 * 60_000;
/** Jobs at a time where the cluster does not tell what it has. */
const UNKNOWN_ROOM = 8;
/** Ray gives jobs three seconds to end. */
const STOP_MS = 60_000;

/** What is needed besides the units. */
export interface FleetSettings {
  readonly client: RayClient;
  readonly resources: Resources;
  readonly maxJobs: number | undefined;
  /** Submits a unit's next job. */
  submit(run: UnitRun): Promise<void>;
  /** Called when all units of a sweep are over. */
  sweepOver(runs: readonly UnitRun[]): Promise<void>;
}

/** How following ended. */
export type Following = "over" | "interrupted" | "spent" | "silent";

/** The units. */
export class FleetRuns {
  #room = 1;
  #nodesAt = -Infinity;
  #silentSince: number | undefined;
  /** What kept it waiting until it gave up. */
  silence: string | undefined;

  /** @param runs In the order in which they are submitted. */
  constructor(
    private readonly context: RunContext,
    private readonly runs: readonly UnitRun[],
    private readonly settings: FleetSettings,
  ) {}

  /** Finds the jobs of an earlier vscope. */
  async attach(): Promise<void> {
    const { client } = this.settings;
    this.#takeIn(await client.jobs());
    let found = 0;
    for (const run of this.runs) {
      await run.find(client);
      if (run.live) found++;
    }
    if (found > 0) this.context.output.note(`Going on with ${found} jobs that are on the cluster`);
    for (const run of this.runs) {
      if (!run.live && run.isHome(this.#siblings(run))) run.status = "complete";
    }
    for (const run of this.runs) await this.#tell(run, undefined);
  }

  /** Follows until all units are over, Ctrl-C comes, or `spent` says that the time is over. */
  async follow(spent: () => boolean): Promise<Following> {
    const { signal, clock } = this.context;
    for (;;) {
      const now = clock.monotonicMs();
      try {
        await this.#round();
        this.#silentSince = undefined;
      } catch (error) {
        if (!(error instanceof ClusterSilent)) throw error;
        this.#silentSince ??= this.#sayOnce(error, now);
        if (now - this.#silentSince > PATIENCE_MS) {
          this.silence = messageOf(error);
          return "silent";
        }
      }
      if (this.runs.every(({ status }) => status !== undefined)) return "over";
      if (signal.aborted) return "interrupted";
      if (spent()) return "spent";
      await clock.sleep(POLL_MS, signal);
    }
  }

  /** Jobs that are pending or run. */
  get live(): number {
    return this.runs.filter((run) => run.live).length;
  }

  /** Stops all jobs, and takes in what they had measured. */
  async stopAll(): Promise<void> {
    const { client } = this.settings;
    const { clock } = this.context;
    for (const run of this.runs) if (run.live) await client.stop(run.id);
    const until = clock.monotonicMs() + STOP_MS;
    while (this.live > 0 && clock.monotonicMs() < until) {
      this.#takeIn(await client.jobs());
      for (const run of this.runs.filter((one) => one.live)) {
        const job = run.jobs.get(run.attempt);
        if (job && !isOver(job)) continue;
        await run.settle(client, job, this.#siblings(run));
        // That it was stopped is no failure of its own.
        if (run.status === "failed") delete run.status;
      }
      if (this.live > 0) await clock.sleep(POLL_MS / 4);
    }
  }

  /** Takes in what running jobs have measured by now, where they are left running. */
  async lookOnce(): Promise<void> {
    for (const run of this.runs.filter((one) => one.live)) {
      await run.look(this.settings.client, Infinity);
    }
  }

  async #round(): Promise<void> {
    const { client } = this.settings;
    const jobs = await client.jobs();
    this.#takeIn(jobs);
    const now = this.context.clock.monotonicMs();
    for (const run of this.runs.filter((one) => one.live)) {
      const job = run.jobs.get(run.attempt);
      if (job && !isOver(job)) {
        if (job.status === "RUNNING") await run.look(client, now);
        continue;
      }
      await this.#tell(run, await run.settle(client, job, this.#siblings(run)));
    }
    if (!this.context.signal.aborted) await this.#submitNext();
    await tellProgress(this.context, this.runs, this.#room);
  }

  async #submitNext(): Promise<void> {
    const waiting = this.runs.filter((run) => !run.live && run.status === undefined);
    if (waiting.length === 0) return;
    await this.#lookForRoom();
    for (const run of waiting.slice(0, Math.max(0, this.#room - this.live))) {
      try {
        await this.settings.submit(run);
        run.begun();
      } catch (error) {
        if (error instanceof ClusterSilent) throw error;
        // The folder of its sweep cannot be gone on with.
        if (!(error instanceof UsageError) && !(error instanceof RunError)) throw error;
        run.status = "failed";
        run.reason = messageOf(error);
      }
      await this.#tell(run, undefined);
    }
  }

  async #lookForRoom(): Promise<void> {
    const { client, resources, maxJobs } = this.settings;
    const now = this.context.clock.monotonicMs();
    if (now - this.#nodesAt < NODES_MS) return;
    const first = this.#nodesAt === -Infinity;
    this.#nodesAt = now;
    const room = roomFor(resources, await client.nodes());
    if (room === 0 && first) {
      const { resource, gpus, cpus } = resources;
      this.context.output.warn(
        `No node of the cluster has ${
          [
            ...resource === undefined ? [] : [resource],
            `${gpus} GPUs`,
            `${cpus} CPUs`,
          ].join(", ")
        }: the jobs wait for one`,
      );
    }
    // One waits even where there is no room: a cluster that grows sees what is wanted.
    this.#room = Math.min(maxJobs ?? Infinity, Math.max(1, room ?? UNKNOWN_ROOM));
  }

  /** Gives jobs to their units. The cluster's word is the last: a job that it does not know is lost. */
  #takeIn(jobs: readonly RayJob[]): void {
    const byId = new Map(jobs.map((job) => [job.submission_id!, job]));
    for (const run of this.runs) {
      if (run.live && !byId.has(run.id)) run.jobs.delete(run.attempt);
      for (const [id, job] of byId) {
        const attempt = attemptOf(run.unit, id);
        if (attempt !== undefined) run.jobs.set(attempt, job);
      }
    }
  }

  async #tell(run: UnitRun, what: string | undefined): Promise<void> {
    const { output } = this.context;
    const { unit: { name, tp, sweep }, status, live, attempt, reason } = run;
    if (what !== undefined) output.warn(`${name}: ${what}`);
    if (status === undefined && !live && what === undefined) return;
    const node = run.jobs.get(attempt)?.driver_node_id;
    output.event?.("unit", {
      name,
      model: sweep.model,
      variant: sweep.variant,
      tp,
      status: status ?? (live ? "submitted" : "waiting"),
      job: run.attempt > 0 ? run.id : undefined,
      ...(node ? { node } : {}),
      reason: reason ?? what,
    });
    if (status === undefined) return;
    const why = reason === undefined ? "" : `: ${reason}`;
    output.note(`${name}: ${status}${why}`);
    const all = this.#siblings(run);
    if (all.every((one) => one.status !== undefined)) await this.settings.sweepOver(all);
  }

  #siblings(run: UnitRun): UnitRun[] {
    return this.runs.filter(({ sweep }) => sweep === run.sweep);
  }

  #sayOnce(error: ClusterSilent, now: number): number {
    this.context.output.warn(`${messageOf(error)}; vscope goes on when it does`);
    return now;
  }
}
