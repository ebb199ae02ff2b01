/**
 * The units of a batch on a cluster: submitted as there is room, followed, submitted again where they fail.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { messageOf, RunError, UsageError } from "../../contract/errors.ts";
import { isOver, type RayJob, type Resources } from "../../fleet/ray.ts";
import { partText } from "../../fleet/parts.ts";
import { attemptOf } from "../../fleet/units.ts";
import { ClusterSilent, type RayClient } from "./ray_client.ts";
import { tellProgress } from "./fleet_progress.ts";
import { DiskFull, diskFull } from "../disk_full.ts";
import { secondJobs } from "./fleet_help.ts";
import { fillQueues } from "./fleet_queue.ts";
import { FleetRoom } from "./fleet_room.ts";
import { Patience } from "./patience.ts";
import type { SweepHome } from "./sweep_home.ts";
import { byHardware, type NextJob, siblingsOf, type UnitRun } from "./unit_run.ts";

const POLL_MS = 2000;
/** Help is thought of this seldom. */
const HELP_MS = 30_000;
/** Ray gives jobs three seconds to end. */
const STOP_MS = 60_000;

/** What is needed besides the units. */
export interface FleetSettings {
  readonly client: RayClient;
  /** Folder of the batch. */
  readonly out: string;
  /** What a job asks for, by hardware. */
  readonly resources: ReadonlyMap<string, Resources>;
  readonly maxJobs: number | undefined;
  /** Seconds that a job may about take before its unit is cut into parts; as the room makes best otherwise. */
  readonly jobLength: number | undefined;
  /** Whether jobs that are late get help. */
  readonly help: boolean;
  /** Submits a unit's next job, and returns its number. */
  submit(run: UnitRun, task: NextJob): Promise<number>;
  /** Called when all units of a sweep are over. */
  sweepOver(runs: readonly UnitRun[]): Promise<void>;
}

/** What is waited for: that the cluster answers again, or that there is room on the disk. */
export function mayPass(error: unknown, out: string): RunError | undefined {
  return error instanceof ClusterSilent ? error : diskFull(error, `what came home in ${out}`);
}

/** How following ended. */
export type Following = "over" | "interrupted" | "spent" | "silent" | "full";

/** The units. */
export class FleetRuns {
  readonly #room: FleetRoom;
  #helpAt = -Infinity;
  #planned = false;
  readonly #patience: Patience;
  readonly #closed = new Set<SweepHome>();
  /** What kept it waiting until it gave up. */
  silence: string | undefined;

  constructor(
    private readonly context: RunContext,
    private readonly runs: readonly UnitRun[],
    private readonly settings: FleetSettings,
  ) {
    const { client, resources, maxJobs } = settings;
    this.#patience = new Patience(context);
    this.#room = new FleetRoom(context, client, resources, maxJobs);
  }

  /** Finds the jobs of an earlier vscope. */
  async attach(): Promise<void> {
    const { client } = this.settings;
    this.#takeIn(await client.jobs());
    let found = 0;
    for (const run of this.runs) {
      await run.find(client);
      found += run.live.size;
    }
    if (found > 0) this.context.output.note(`Going on with ${found} jobs that are on the cluster`);
    for (const run of this.runs) {
      if (run.live.size === 0 && run.isHome(this.#siblings(run))) run.status = "complete";
    }
    for (const run of this.runs) this.#tell(run, run.attempt, undefined);
  }

  /** Follows until all units are over, Ctrl-C comes, or `spent` says that the time is over. */
  async follow(spent: () => boolean): Promise<Following> {
    const { signal, clock } = this.context;
    for (;;) {
      try {
        await this.#round();
        this.#patience.renew();
      } catch (error) {
        const passing = mayPass(error, this.settings.out);
        if (!passing) throw error;
        if (this.#patience.isSpent(passing)) {
          this.silence = messageOf(passing);
          return passing instanceof DiskFull ? "full" : "silent";
        }
      }
      if (this.#closed.size === new Set(this.runs.map(({ sweep }) => sweep)).size) return "over";
      if (signal.aborted) return "interrupted";
      if (spent()) return "spent";
      await clock.sleep(POLL_MS, signal);
    }
  }

  /** Whether a sweep is over, and its bundle closed. */
  hasClosed(sweep: SweepHome): boolean {
    return this.#closed.has(sweep);
  }

  /** Jobs that are pending or run. */
  get live(): number {
    return liveOf(this.runs);
  }

  /** Stops all jobs, and takes in what they had measured. */
  async stopAll(): Promise<void> {
    const { client } = this.settings;
    const { clock } = this.context;
    for (const run of this.runs) {
      for (const attempt of run.live) await client.stop(run.idOf(attempt));
    }
    const until = clock.monotonicMs() + STOP_MS;
    while (this.live > 0 && clock.monotonicMs() < until) {
      this.#takeIn(await client.jobs());
      for (const [run, attempt] of this.#liveJobs()) {
        const job = run.jobs.get(attempt);
        if (job && !isOver(job)) continue;
        await run.settle(client, attempt, this.#siblings(run));
        run.forgetFailure();
      }
      if (this.live > 0) await clock.sleep(POLL_MS / 4);
    }
  }

  /** Takes in what running jobs have measured by now, where they are left running. */
  async lookOnce(): Promise<void> {
    for (const [run, attempt] of this.#liveJobs()) {
      await run.look(this.settings.client, attempt, Infinity);
    }
  }

  async #round(): Promise<void> {
    const { client } = this.settings;
    const jobs = await client.jobs();
    this.#takeIn(jobs);
    const now = this.context.clock.monotonicMs();
    for (const [run, attempt] of this.#liveJobs()) {
      const job = run.jobs.get(attempt);
      if (job && !isOver(job)) {
        if (job.status === "RUNNING") await run.look(client, attempt, now);
        continue;
      }
      this.#tell(run, attempt, await run.settle(client, attempt, this.#siblings(run)));
    }
    for (const run of this.runs) {
      for (const attempt of await run.stopSpare(client, this.#siblings(run), now)) {
        this.#tell(run, attempt, "what this job was to measure is home; it is stopped");
      }
    }
    await this.#closeSweeps();
    if (!this.context.signal.aborted) {
      await this.#submitNext();
      if (this.settings.help) await this.#helpLate();
    }
    await tellProgress(this.context, this.runs, this.#room);
  }

  async #submitNext(): Promise<void> {
    const open = this.runs.filter(({ status }) => status === undefined);
    if (open.every(({ queue, live }) => queue.length === 0 && (this.#planned || live.size === 0))) {
      return;
    }
    const room = this.#room;
    await room.look();
    if (!this.#planned) {
      for (const [hardware, runs] of byHardware(this.runs)) {
        await fillQueues(runs, room.of(hardware), this.settings.jobLength);
      }
    }
    this.#planned = true;
    const behind = ({ run }: Waiting) => room.has(run.hardware) ? 0 : 1;
    // The longest first: what is begun last should be short. What no node can take holds up nothing.
    const waiting = open.flatMap((run) => run.queue.map((task) => ({ run, task })))
      .toSorted((one, other) => behind(one) - behind(other) || secondsOf(other) - secondsOf(one));
    for (const { run, task } of waiting) {
      if (run.status !== undefined || this.#free(run.hardware) <= 0) continue;
      try {
        run.begun(await this.settings.submit(run, task), task);
        run.queue = run.queue.filter((one) => one !== task);
      } catch (error) {
        if (mayPass(error, this.settings.out)) throw error;
        // The folder of its sweep cannot be gone on with.
        if (!(error instanceof UsageError) && !(error instanceof RunError)) throw error;
        run.status = "failed";
        run.reason = messageOf(error);
      }
      this.#tell(run, run.attempt, undefined);
    }
  }

  /** Closes the sweeps whose units are all over. */
  async #closeSweeps(): Promise<void> {
    for (const { sweep } of this.runs) {
      if (this.#closed.has(sweep)) continue;
      const own = this.runs.filter((run) => run.sweep === sweep);
      if (own.some(({ status }) => status === undefined)) continue;
      await this.settings.sweepOver(own);
      this.#closed.add(sweep);
    }
  }

  async #helpLate(): Promise<void> {
    const { clock } = this.context;
    const now = clock.monotonicMs();
    const idle = [...byHardware(this.runs)].filter(([, runs]) =>
      runs.every(({ status, queue }) => status !== undefined || queue.length === 0)
    );
    if (idle.length === 0 || this.live === 0 || now - this.#helpAt < HELP_MS) return;
    this.#helpAt = now;
    await this.#room.look();
    // Nodes of one kind are no measure for those of another, and cannot help them.
    const second: Waiting[] = [];
    for (const [hardware, runs] of idle) {
      second.push(...await secondJobs(runs, this.#free(hardware), clock.now().getTime()));
    }
    for (const { run, task } of second) {
      run.queue.push(task);
      this.context.output.note(
        `${run.unit.name}: a second job takes over a part of one that is late (${
          partText(task.part!)
        })`,
      );
    }
    if (second.length > 0) await this.#submitNext();
  }

  /** How many more jobs there is room for. */
  #free(hardware: string): number {
    const own = this.runs.filter((run) => run.hardware === hardware);
    const most = this.settings.maxJobs ?? Infinity;
    return Math.min(this.#room.of(hardware) - liveOf(own), most - this.live);
  }

  /** The jobs that are live now. */
  #liveJobs(): [UnitRun, number][] {
    return this.runs.flatMap((run) =>
      [...run.live].map((attempt): [UnitRun, number] => [run, attempt])
    );
  }

  /** Gives jobs to their units. The cluster's word is the last: a job that it does not know is lost. */
  #takeIn(jobs: readonly RayJob[]): void {
    const byId = new Map(jobs.map((job) => [job.submission_id!, job]));
    for (const run of this.runs) {
      for (const attempt of run.live) {
        if (!byId.has(run.idOf(attempt))) run.jobs.delete(attempt);
      }
      for (const [id, job] of byId) {
        const attempt = attemptOf(run.unit, id);
        if (attempt !== undefined) run.know(attempt, job);
      }
    }
  }

  #tell(run: UnitRun, attempt: number, what: string | undefined): void {
    const { output } = this.context;
    const { unit: { name, tp, sweep }, status, reason } = run;
    const live = run.live.has(attempt);
    const { part } = run.taskOf(attempt);
    if (what !== undefined) output.warn(`${name}: ${what}`);
    if (status === undefined && !live && what === undefined) return;
    const node = run.jobs.get(attempt)?.driver_node_id;
    output.event?.("unit", {
      name,
      model: sweep.model,
      variant: sweep.variant,
      hardware: run.hardware,
      tp,
      status: status ?? (live ? "submitted" : "waiting"),
      job: attempt > 0 ? run.idOf(attempt) : undefined,
      ...(part === undefined ? {} : { part: partText(part) }),
      ...(node ? { node } : {}),
      reason: reason ?? what,
    });
    if (status === undefined) return;
    const why = reason === undefined ? "" : `: ${reason}`;
    output.note(`${name}: ${status}${why}`);
  }

  #siblings(run: UnitRun): UnitRun[] {
    return siblingsOf(run, this.runs);
  }
}

/** A job that waits to be submitted. */
interface Waiting {
  readonly run: UnitRun;
  readonly task: NextJob;
}

function liveOf(runs: readonly UnitRun[]): number {
  return runs.reduce((sum, run) => sum + run.live.size, 0);
}

function secondsOf({ run, task }: Waiting): number {
  return task.seconds ?? run.unit.seconds;
}
