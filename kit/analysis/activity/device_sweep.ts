/**
 * One pass over the activities of each device by time: busy and idle time, overlap, launches.
 *
 * The pass goes on while the file is read, half of what has come at a time, so that memory does not
 * grow with the file. What then comes too late to be in its place is said to be late.
 *
 * @module
 */

import type { Activities } from "./activities.ts";
import { Durations } from "./durations.ts";
import { CopySpans, Gaps } from "./gaps.ts";

/** What one device did. Times are nanoseconds. */
export interface DeviceTime {
  readonly device: number;
  readonly streams: number;
  readonly kernels: number;
  readonly kernelTime: number;
  /** Union of the kernels' intervals. */
  readonly busy: number;
  /** From the first kernel's start to the last end. */
  readonly span: number;
  readonly communication: number;
  readonly communicationTime: number;
  readonly communicationBusy: number;
  /** Union of the intervals of kernels that are no communication. */
  readonly computeBusy: number;
}

/** What a sweep asks of the kernels and steps. */
export interface SweepFacts {
  readonly activities: Activities;
  /** The step that launched an activity; −1 where none had begun. */
  stepOf(row: number, launch: number): number;
  /** Whether any step is known. */
  hasSteps(): boolean;
  /** Whether kernels of a name communicate. */
  communicates(name: number): boolean;
  /** Told each activity once, by start; the step is −1 where none had begun. */
  activity(row: number, step: number): void;
}

/** Sweeps over all devices of a file. */
export class Sweep {
  readonly gaps = new Gaps();
  /** From launch to start. */
  readonly delays = new Durations();
  /** Time that devices waited for a launch. */
  waiting = 0;
  launches = 0;
  launchesOnIdle = 0;
  graphKernels = 0;
  graphTime = 0;
  #devices = new Map<number, DeviceSweep>();

  constructor(readonly facts: SweepFacts) {}

  /** Whether an activity of a device that starts then comes too late. */
  isLate(device: number, start: number): boolean {
    const swept = this.#devices.get(device);
    return swept !== undefined && start < swept.until;
  }

  /** Takes the earlier half of what is open, or all of it. */
  advance(all: boolean): void {
    const { activities } = this.facts;
    for (const [device, rows] of activities.byDevice()) {
      let swept = this.#devices.get(device);
      if (!swept) this.#devices.set(device, swept = new DeviceSweep(device, this));
      const ready = all ? rows : rows.subarray(0, Math.ceil(rows.length / 2));
      for (const row of ready) {
        swept.take(row);
        activities.settle(row);
      }
    }
    activities.giveUpSettled();
  }

  /** Devices that ran kernels or graphs, by number. */
  get devices(): readonly DeviceTime[] {
    return [...this.#devices.values()].filter(({ began }) => began)
      .map((device) => device.time()).sort((a, b) => a.device - b.device);
  }
}

/** Where the sweep of one device has come to. */
class DeviceSweep {
  kernels = 0;
  /** The start of the last activity that was taken. */
  until = -Infinity;
  #kernelTime = 0;
  #busy = 0;
  #first = NaN;
  #end = -Infinity;
  #communication = { count: 0, time: 0, busy: 0, end: -Infinity };
  #compute = { busy: 0, end: -Infinity };
  #copies = new CopySpans();
  #streams = new Set<number>();
  #lastName = -1;
  #lastStep = -1;
  #lastGraph = NaN;

  constructor(private readonly device: number, private readonly sweep: Sweep) {}

  take(row: number): void {
    const { facts } = this.sweep;
    const { activities } = facts;
    const start = activities.start(row);
    const duration = activities.duration(row);
    const stop = start + duration;
    const launch = activities.launch(row);
    const step = facts.stepOf(row, launch);
    this.until = start;
    facts.activity(row, step);
    if (activities.isCopy(row)) {
      if (this.began) this.#copies.add(start, stop, this.#end);
      return;
    }
    const name = activities.name(row);
    this.#streams.add(activities.laneOf(row));
    const whole = activities.isGraph(row);
    if (!whole) {
      this.kernels++;
      this.#kernelTime += duration;
    }
    if (!this.began) this.#first = start;
    else if (start > this.#end) this.#gap(start, launch, step, name);
    this.#launch(start, stop, launch, activities.inGraph(row), duration);
    this.#busy += Math.max(0, stop - Math.max(start, this.#end));
    if (!whole && facts.communicates(name)) {
      this.#communication.count++;
      this.#communication.time += duration;
      extend(this.#communication, start, stop);
    } else {
      extend(this.#compute, start, stop);
    }
    if (stop >= this.#end) {
      this.#end = stop;
      this.#lastName = name;
    }
    this.#lastStep = step;
  }

  #gap(start: number, launch: number, step: number, name: number): void {
    const { sweep } = this;
    const nextStep = sweep.facts.hasSteps() ? step !== this.#lastStep : undefined;
    const end = { launch, nextStep };
    sweep.waiting += sweep.gaps.take(
      this.device,
      this.#end,
      start,
      end,
      this.#lastName,
      name,
      this.#copies,
    );
  }

  #launch(start: number, stop: number, launch: number, inGraph: boolean, duration: number): void {
    const { sweep } = this;
    if (inGraph) {
      sweep.graphKernels++;
      sweep.graphTime += duration;
    }
    if (!(launch <= stop) || inGraph && launch === this.#lastGraph) return;
    sweep.launches++;
    if (launch > this.#end) sweep.launchesOnIdle++;
    if (start >= launch) sweep.delays.add(start - launch);
    this.#lastGraph = inGraph ? launch : NaN;
  }

  /** Whether a kernel or a graph ran. */
  get began(): boolean {
    return !Number.isNaN(this.#first);
  }

  time(): DeviceTime {
    return {
      device: this.device,
      streams: this.#streams.size,
      kernels: this.kernels,
      kernelTime: this.#kernelTime,
      busy: this.#busy,
      span: this.#end - this.#first,
      communication: this.#communication.count,
      communicationTime: this.#communication.time,
      communicationBusy: this.#communication.busy,
      computeBusy: this.#compute.busy,
    };
  }
}

/** Adds an interval to a union of intervals that come by start. */
function extend(union: { busy: number; end: number }, start: number, stop: number): void {
  union.busy += Math.max(0, stop - Math.max(start, union.end));
  union.end = Math.max(union.end, stop);
}
