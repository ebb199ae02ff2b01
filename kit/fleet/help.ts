/**
 * Help at the end of a batch: GPUs that are free take over a part of what others still have to do.
 *
 * A job that runs cannot be told to stop before its end, so who helps begins with the later part of
 * the rest, and whoever comes last is ended when all rows are home. Rows that both measure are told
 * apart by their identity.
 *
 * @module
 */

import { loadPriorityQueue } from "../deps.ts";
import { cutEngine } from "./cut.ts";
import { type FleetJob, workOf } from "./work.ts";

/** A job that runs. */
export interface RunningJob {
  readonly id: string;
  /** What it has measured, in seconds that were expected for it. */
  readonly doneSeconds: number;
  /** What is neither home nor given to somebody else. */
  readonly rest: FleetJob;
  /** Since it was started. */
  readonly runSeconds: number;
}

/** A part of a job for another GPU. */
export interface Help {
  /** Which run is helped. */
  readonly helps: string;
  readonly job: FleetJob;
}

/** Whose work may be shared out: a run, or help that is planned. */
interface Holder {
  readonly helps: string;
  /** The run itself keeps what is left of its rest. */
  readonly planned: boolean;
  rest: FleetJob;
  /** Seconds that a second of expected work takes. */
  readonly pace: number;
  readonly bootLeft: number;
  left: number;
}

/** Help has to gain so much, as a share of what is left. */
const GAIN = 0.15;
/** A boot may take so many times what is expected before something is wrong. */
const LATE_BOOT = 3;
/** A job is late that takes so many times what was expected, and so many seconds more. */
const LATE = 1.5;
const LATE_SECONDS = 60;

/**
 * Whether a job takes much longer than was expected, or seems about to: where a GPU's time has a price only such a
 * one is worth the boot of a second.
 */
export function isLate(job: RunningJob): boolean {
  const { rest, doneSeconds, runSeconds } = job;
  const expected = rest.seconds + doneSeconds;
  const takes = runSeconds + holderOf(job).left;
  return takes > LATE * expected && takes > expected + LATE_SECONDS;
}

/**
 * Plans help; to be asked when GPUs are free and nothing is queued.
 *
 * @returns At most `free` jobs; and what each run that is helped keeps of its rest.
 */
export async function planHelp(
  running: readonly RunningJob[],
  free: number,
): Promise<{ help: Help[]; keeps: Map<string, FleetJob> }> {
  const PriorityQueue = await loadPriorityQueue();
  const holders = new PriorityQueue(running.map(holderOf), (a, b) => b.left - a.left);
  const planned: Holder[] = [];
  const keeps = new Map<string, FleetJob>();
  while (planned.length < free && holders.length > 0) {
    const holder = holders.pop()!;
    const shared = share(holder);
    // What is left of all others is less.
    if (!shared) break;
    const [kept, given] = shared;
    if (kept) holder.rest = kept;
    if (!holder.planned && kept) keeps.set(holder.helps, kept);
    holder.left = leftOf(holder);
    const help = { ...holder, planned: true, rest: given, pace: 1, bootLeft: given.bootSeconds };
    help.left = leftOf(help);
    planned.push(help);
    if (kept) holders.push(holder);
    holders.push(help);
  }
  return { help: planned.map(({ helps, rest }) => ({ helps, job: rest })), keeps };
}

function holderOf({ id, doneSeconds, rest, runSeconds }: RunningJob): Holder {
  const { bootSeconds } = rest;
  const boots = doneSeconds <= 0;
  const stuck = boots && runSeconds > LATE_BOOT * bootSeconds;
  const holder = {
    ...{ helps: id, planned: false, rest, left: 0 },
    pace: boots ? 1 : Math.max(1, (runSeconds - bootSeconds) / doneSeconds),
    bootLeft: stuck ? Infinity : boots ? Math.max(0, bootSeconds - runSeconds) : 0,
  };
  holder.left = leftOf(holder);
  return holder;
}

const workLeft = ({ rest }: Holder) => rest.seconds - rest.bootSeconds;

function leftOf(holder: Holder): number {
  return holder.bootLeft + workLeft(holder) * holder.pace;
}

/**
 * Shares a rest with one more GPU, so that both are ready at the same time.
 *
 * @returns What is kept and what is given away; undefined where that gains too little.
 */
function share(holder: Holder): [FleetJob | undefined, FleetJob] | undefined {
  const { rest, pace, bootLeft, left } = holder;
  const work = workLeft(holder);
  const kept = Math.max(0, (rest.bootSeconds + work - bootLeft) / (1 + pace));
  if (rest.bootSeconds + work - kept > left * (1 - GAIN)) return undefined;
  const jobs = cutEngine(workOf(rest, rest.engine), kept > 0 ? [kept, work - kept] : [work]);
  if (kept === 0) return [undefined, jobs[0]!];
  // A single shot cannot be shared.
  return jobs[1] && [jobs[0], jobs[1]];
}
