/**
 * One pass over the activities of a device by time: busy and idle time, overlap, launches.
 *
 * @module
 */

import type { Activities } from "./activities.ts";
import { Durations } from "./durations.ts";
import { Gaps } from "./gaps.ts";
import type { Steps } from "./steps.ts";

/** What one device did. Times are nanoseconds. */
export interface DeviceTime {
  readonly device: number;
  readonly streams: number;
  kernels: number;
  kernelTime: number;
  /** Union of the kernels' intervals. */
  busy: number;
  /** From the first kernel's start to the last end. */
  span: number;
  communication: number;
  communicationTime: number;
  communicationBusy: number;
  /** Union of the intervals of kernels that are no communication. */
  computeBusy: number;
}

/** What all devices of a file did together. */
export class Swept {
  readonly devices: DeviceTime[] = [];
  readonly gaps = new Gaps();
  /** From launch to start. */
  readonly delays = new Durations();
  /** Time that devices waited for a launch. */
  waiting = 0;
  launches = 0;
  launchesOnIdle = 0;
  graphKernels = 0;
  graphTime = 0;
}

/** What a sweep asks of the kernels and steps. */
export interface SweepFacts {
  readonly activities: Activities;
  readonly steps: Steps;
  /** Whether kernels of a name communicate. */
  communicates(name: number): boolean;
  /** Told each kernel once, in the order of the sweep. */
  kernel(row: number, step: number): void;
}

/** Sweeps over every device. */
export function sweepDevices(facts: SweepFacts): Swept {
  const swept = new Swept();
  const devices = [...facts.activities.byDevice()].sort(([a], [b]) => a - b);
  for (const [device, rows] of devices) sweepDevice(facts, device, rows, swept);
  return swept;
}

function sweepDevice(facts: SweepFacts, device: number, rows: Uint32Array, swept: Swept): void {
  const { activities, steps } = facts;
  const { gaps } = swept;
  gaps.restart();
  const streams = new Set<number>();
  const time: Omit<DeviceTime, "streams" | "device"> = {
    kernels: 0,
    kernelTime: 0,
    busy: 0,
    span: 0,
    communication: 0,
    communicationTime: 0,
    communicationBusy: 0,
    computeBusy: 0,
  };
  let first = NaN;
  let [end, communicationEnd, computeEnd] = [-Infinity, -Infinity, -Infinity];
  let [lastName, lastStep, lastGraph] = [-1, -1, NaN];
  for (const row of rows) {
    const start = activities.start(row);
    const duration = activities.duration(row);
    const stop = start + duration;
    if (activities.isCopy(row)) {
      gaps.copy(start, stop, end);
      continue;
    }
    const name = activities.name(row);
    const launch = activities.launch(row);
    const step = steps.at(launch);
    streams.add(activities.laneOf(row));
    time.kernels++;
    time.kernelTime += duration;
    if (Number.isNaN(first)) {
      first = start;
      gaps.restart();
    } else if (start > end) {
      const nextStep = steps.sorted.length > 0 ? step !== lastStep : undefined;
      swept.waiting += gaps.take(device, end, start, { launch, nextStep }, lastName, name).waiting;
    }
    const inGraph = activities.inGraph(row);
    if (inGraph) {
      swept.graphKernels++;
      swept.graphTime += duration;
    }
    if (launch <= stop && !(inGraph && launch === lastGraph)) {
      swept.launches++;
      if (launch > end) swept.launchesOnIdle++;
      if (start >= launch) swept.delays.add(start - launch);
      lastGraph = inGraph ? launch : NaN;
    }
    time.busy += Math.max(0, stop - Math.max(start, end));
    if (facts.communicates(name)) {
      time.communication++;
      time.communicationTime += duration;
      time.communicationBusy += Math.max(0, stop - Math.max(start, communicationEnd));
      communicationEnd = Math.max(communicationEnd, stop);
    } else {
      time.computeBusy += Math.max(0, stop - Math.max(start, computeEnd));
      computeEnd = Math.max(computeEnd, stop);
    }
    if (stop >= end) {
      end = stop;
      lastName = name;
    }
    lastStep = step;
    facts.kernel(row, step);
  }
  if (time.kernels === 0) return;
  swept.devices.push({ device, streams: streams.size, ...time, span: end - first });
}
