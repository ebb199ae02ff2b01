/** A fleet that is not there: jobs on GPUs that fail, and differ in pace. */

import { loadPriorityQueue } from "../../kit/deps.ts";
import { jobAgain } from "../../kit/fleet/missing.ts";
import { planFleet } from "../../kit/fleet/plan.ts";
import { planHelp, type RunningJob } from "../../kit/fleet/help.ts";
import { type EngineWork, type FleetJob, type ShotRange, workOf } from "../../kit/fleet/work.ts";
import { randomOf } from "../../kit/engine/server/requests.ts";
import { normal } from "../random.ts";

/** What goes wrong. */
export interface Troubles {
  /** Mean hours between two failures of a GPU; none where it is absent. */
  failureHours?: number;
  /** Until a GPU that failed is back. */
  repairSeconds: number;
  /** Share of GPUs that are three times slower. */
  slow: number;
  /** Spread of what a job takes, as a share (one standard deviation of its logarithm). */
  spread: number;
  /** Whether free GPUs help at the end. */
  help: boolean;
}

/** Nothing goes wrong. */
export const NO_TROUBLES: Troubles = { repairSeconds: 0, slow: 0, spread: 0, help: true };

/** Rows of so many seconds come home together. */
const SEGMENT_SECONDS = 30;
const SLOWNESS = 3;
/** How often help is thought of. */
const TICK_SECONDS = 30;

/** What came of it. */
export interface Simulated {
  seconds: number;
  plannedSeconds: number;
  lowerBoundSeconds: number;
  jobs: number;
  boots: number;
  failures: number;
  helped: number;
  /** Share of the GPUs' time that measured rows that were kept. */
  useful: number;
  /** How often each shot was measured, and whether its row is there, by engine and category. */
  shots: Map<string, { measured: Uint8Array; kept: Uint8Array }>;
}

interface Run {
  id: string;
  job: FleetJob;
  gpu: number;
  start: number;
  boot: number;
  pace: number;
  end: number;
  fails: boolean;
  over: boolean;
  /** What is its own to do: the rest was given to others. */
  own: FleetJob;
  /** It and those that help it: what one of them measures, none of the others has to. */
  group: Run[];
}

/** Runs a batch on the fleet. */
export async function simulate(
  works: readonly EngineWork[],
  gpus: number,
  troubles: Troubles,
  seed: number,
): Promise<Simulated> {
  const random = randomOf(seed);
  const PriorityQueue = await loadPriorityQueue();
  const plan = await planFleet(works, gpus);
  const slow = Array.from({ length: gpus }, () => random() < troubles.slow ? SLOWNESS : 1);
  const shots: Simulated["shots"] = new Map();
  for (const { engine, categories } of works) {
    for (const { category, missing } of categories) {
      const count = missing.at(-1)?.to ?? 0;
      shots.set(`${engine} ${category}`, {
        measured: new Uint8Array(count),
        kept: new Uint8Array(count),
      });
    }
  }
  const queue: FleetJob[] = [...plan.jobs];
  let head = 0;
  const idle = Array.from({ length: gpus }, (_, gpu) => gpu).reverse();
  const events = new PriorityQueue<{ at: number; act(): void | Promise<void> }>(
    [],
    (a, b) => a.at - b.at,
  );
  const running = new Set<Run>();
  let [now, boots, failures, helped, useful, last, runs] = [0, 0, 0, 0, 0, 0, 0];

  const start = (job: FleetJob, gpu: number, group: Run[] = []) => {
    boots++;
    const pace = slow[gpu]! * Math.exp(troubles.spread * normal(random));
    const boot = job.bootSeconds * pace;
    const lasts = boot + (job.seconds - job.bootSeconds) * pace;
    const life = troubles.failureHours === undefined
      ? Infinity
      : -Math.log(1 - random()) * 3600 * troubles.failureHours;
    const run: Run = {
      ...{ id: String(runs++), job, gpu, start: now, boot, pace, group, over: false, own: job },
      end: now + Math.min(lasts, life),
      fails: life < lasts,
    };
    group.push(run);
    running.add(run);
    events.push({ at: run.end, act: () => run.over ? undefined : finish(run) });
  };
  const doneSeconds = ({ job, start, boot, pace }: Run) =>
    Math.min(job.seconds - job.bootSeconds, Math.max(0, now - start - boot) / pace);
  const wholeSegments = (run: Run) =>
    Math.floor(doneSeconds(run) / SEGMENT_SECONDS) * SEGMENT_SECONDS;
  /** Brings home what a run has measured: whole segments, or all of one that has come to its end. */
  const bringHome = (run: Run, state: "runs" | "ended" | "stopped") => {
    const done = doneSeconds(run);
    let left = state === "ended" ? Infinity : wholeSegments(run);
    let fired = state === "ended" ? Infinity : done;
    for (const { category, from, to, seconds } of run.job.units) {
      const each = seconds / (to - from);
      const { measured, kept } = shots.get(`${run.job.engine} ${category}`)!;
      for (let shot = from; shot < to && fired >= each / 2; shot++) {
        if (state !== "runs") measured[shot]!++;
        if (left >= each / 2 && !kept[shot]) {
          kept[shot] = 1;
          useful += each;
        }
        left -= each;
        fired -= each;
      }
    }
  };
  const release = (run: Run, state: "ended" | "failed" | "stopped") => {
    bringHome(run, state === "ended" ? "ended" : "stopped");
    run.over = true;
    running.delete(run);
    const back = () => void idle.push(run.gpu);
    if (state === "failed") events.push({ at: now + troubles.repairSeconds, act: back });
    else back();
  };
  const finish = async (run: Run) => {
    release(run, run.fails ? "failed" : "ended");
    if (run.fails) failures++;
    const [first] = run.group;
    const live = run.group.filter(({ over }) => !over);
    const again = restOf(first!);
    if (!again) live.forEach((other) => release(other, "stopped"));
    else if (live.length === 0) {
      const gpus = Math.max(1, idle.length - (queue.length - head));
      queue.push(...(await planFleet([workOf(again, again.engine)], gpus)).jobs);
    }
    last = now;
  };
  const restOf = (run: Run, job = run.job) =>
    jobAgain(job, (category) => homeOf(job.engine, category));
  const homeOf = (engine: string, category: string): ShotRange[] => {
    const { kept } = shots.get(`${engine} ${category}`)!;
    const ranges: { from: number; to: number }[] = [];
    for (let shot = 0; shot < kept.length; shot++) {
      if (!kept[shot]) continue;
      if (ranges.at(-1)?.to === shot) ranges.at(-1)!.to++;
      else ranges.push({ from: shot, to: shot + 1 });
    }
    return ranges;
  };
  const place = () => {
    while (idle.length > 0 && head < queue.length) start(queue[head++]!, idle.pop()!);
  };
  const lookForHelp = async () => {
    if (idle.length > 0 && head === queue.length) {
      const seen = [...running].flatMap((run): RunningJob[] => {
        bringHome(run, "runs");
        const rest = restOf(run, run.own);
        if (!rest) return [];
        const runSeconds = now - run.start;
        return [{ id: run.id, doneSeconds: wholeSegments(run), rest, runSeconds }];
      });
      const byId = new Map([...running].map((run) => [run.id, run]));
      const { help, keeps } = await planHelp(seen, idle.length);
      for (const [id, kept] of keeps) byId.get(id)!.own = kept;
      for (const { helps, job } of help) {
        helped++;
        start(job, idle.pop()!, byId.get(helps)!.group);
      }
    }
    if (running.size > 0 || head < queue.length) {
      events.push({ at: now + TICK_SECONDS, act: lookForHelp });
    }
  };

  place();
  if (troubles.help) events.push({ at: TICK_SECONDS, act: lookForHelp });
  while (events.length > 0) {
    const event = events.pop()!;
    now = event.at;
    await event.act();
    place();
  }
  return {
    ...{ boots, failures, helped, shots },
    seconds: last,
    plannedSeconds: plan.seconds,
    lowerBoundSeconds: plan.lowerBoundSeconds,
    jobs: plan.jobs.length,
    useful: useful / (last * gpus),
  };
}
