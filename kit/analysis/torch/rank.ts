/**
 * One file, that is one rank: takes its events, then works out what needs all of them.
 *
 * @module
 */

import { Activities, Activity } from "../activity/activities.ts";
import { Call, callKind } from "../activity/calls.ts";
import { Sweep } from "../activity/device_sweep.ts";
import type { FileResult, PathSum } from "../activity/file_summary.ts";
import type { TraceEvent } from "./event.ts";
import { EventKind, eventKind } from "./event_kinds.ts";
import { Launches } from "./launches.ts";
import { Modules } from "./modules.ts";
import { Operators } from "./operators.ts";
import { StepSums } from "../activity/step_sums.ts";
import { Steps } from "../activity/steps.ts";
import type { Tables } from "../activity/tables.ts";

const COMPLETE = "X".charCodeAt(0);
const BEGIN = "B".charCodeAt(0);

/** So many kernels and copies are kept in memory before the earlier half is worked out. */
export const MOST_OPEN = 200_000;

/** What a file told. */
export interface RankResult extends FileResult {
  /** By step: when the last activity that it launched ends; 0 where it launched none. */
  readonly stepEnd: Float64Array;
  /** Something came too late for its place: the sweep has to be made again without a bound. */
  readonly late: boolean;
  readonly events: number;
  /** Microseconds that all times are counted from; NaN without events. */
  readonly base: number;
  /** The last event's end, from the base. */
  readonly lastEnd: number;
  /** Events that could not be used, by reason. */
  readonly damaged: ReadonlyMap<string, number>;
  readonly lostLaunches: number;
  readonly furtherSteps: number;
  readonly forgottenOperators: number;
  readonly hasStacks: boolean;
}

/** Collects the events of a file. */
export class Rank {
  #kinds: EventKind[] = [];
  #calls: Call[] = [];
  #copyKinds: string[] = [];
  #threads = new Map<number, Map<number, number>>();
  #threadCount = 0;
  #activities = new Activities();
  #launches = new Launches(this.#activities);
  #operators: Operators;
  #steps = new Steps();
  #modules = new Modules();
  #graphs = new Set<number>();
  #damaged = new Map<string, number>();
  #events = 0;
  #sweep: Sweep;
  #late = false;
  /** What the steps launched; made when the sweep begins. */
  #sums: StepSums | undefined;
  #paths = new Map<string, PathSum>();
  #firstStart = Infinity;
  #lastEnd = -Infinity;

  /** @param mostOpen See {@linkcode MOST_OPEN}; Infinity keeps all until the end. */
  constructor(private readonly tables: Tables, private readonly mostOpen = MOST_OPEN) {
    this.#operators = new Operators(tables.operators, tables.ownTime);
    this.#sweep = new Sweep({
      activities: this.#activities,
      stepOf: (_row, launch) => this.#steps.at(launch),
      hasSteps: () => this.#steps.sorted.length > 0,
      communicates: (name) => tables.category(name) === "communication",
      activity: (row, step) => this.#swept(row, step),
    });
  }

  /** Takes an event. */
  take(event: TraceEvent): void {
    this.#events++;
    if (event.ph !== COMPLETE) {
      if (event.ph === BEGIN) this.#damage("it has a begin and an end instead of a duration");
      return;
    }
    if (event.damage !== "") return this.#damage(event.damage);
    const kind = event.cat < 0
      ? EventKind.Other
      : this.#kinds[event.cat] ??= eventKind(this.tables.names.text(event.cat));
    if (kind === EventKind.Other) return;
    const { name, start, duration } = event;
    if (name < 0 || !(duration >= 0) || !Number.isFinite(start + duration)) {
      return this.#damage("a name, a start or a duration is missing or makes no sense");
    }
    if (start < this.#firstStart) this.#firstStart = start;
    if (start + duration > this.#lastEnd) this.#lastEnd = start + duration;
    switch (kind) {
      case EventKind.Kernel:
      case EventKind.Copy:
      case EventKind.Fill:
        return this.#activity(kind, event);
      case EventKind.Operator:
        return this.#operators.take(name, this.#thread(event), start, duration, event.external);
      case EventKind.Call:
        return this.#call(event);
      case EventKind.Range:
        this.tables.ranges.of(name).add(duration);
        if (this.#sums && this.#steps.isStep(name, this.tables.names)) this.#late = true;
        return this.#steps.take(name, this.tables.names, start, duration);
      case EventKind.Python:
        if (this.#sums) this.#late = true;
        return this.#modules.take(name, this.tables.names, this.#thread(event), start, duration);
      case EventKind.Overhead:
        return this.tables.overhead.of(name).add(duration);
      case EventKind.DeviceRange:
        return;
    }
  }

  #activity(kind: EventKind, event: TraceEvent): void {
    const { name, start, duration, correlation, external } = event;
    const device = Number.isNaN(event.device) ? event.pid : event.device;
    const stream = Number.isNaN(event.stream) ? event.tid : event.stream;
    if (Number.isNaN(device) || Number.isNaN(stream)) {
      return this.#damage("it tells no device or no stream");
    }
    // Where Kineto knows no operator it repeats the correlation as the external id.
    const operator = external === correlation ? -1 : this.#operators.named(external);
    if (this.#activities.open >= this.mostOpen) this.#advance(false);
    if (this.#sweep.isLate(device, start)) this.#late = true;
    const row = this.#activities.add(
      kind === EventKind.Kernel ? Activity.Kernel : Activity.Copy,
      this.#activities.lane(device, stream),
      name,
      start,
      duration,
      operator,
    );
    if (kind === EventKind.Kernel) {
      this.tables.kernels.of(name).add(duration);
      if (event.graphNode > 0 || event.graph > 0) this.#activities.markGraph(row);
      if (event.graph > 0) this.#graphs.add(event.graph);
    } else {
      this.#copy(kind, event);
    }
    if (correlation >= 0) this.#launches.activity(row, correlation);
  }

  #copy(kind: EventKind, event: TraceEvent): void {
    const label = this.#copyKinds[event.name] ??= kind === EventKind.Fill
      ? "memset"
      : copyKind(this.tables.names.text(event.name));
    this.tables.copy(label, event.duration, event.bytes);
  }

  #call(event: TraceEvent): void {
    const { name, correlation } = event;
    this.tables.calls.of(name).add(event.duration);
    const kind = this.#calls[name] ??= callKind(this.tables.names.text(name));
    if (kind === Call.Other || !(correlation >= 0)) return;
    this.#launches.call(kind, correlation, event.start, this.#thread(event));
  }

  #thread({ pid, tid }: TraceEvent): number {
    let threads = this.#threads.get(pid);
    if (!threads) this.#threads.set(pid, threads = new Map());
    let thread = threads.get(tid);
    if (thread === undefined) threads.set(tid, thread = this.#threadCount++);
    return thread;
  }

  #damage(reason: string): void {
    this.#damaged.set(reason, (this.#damaged.get(reason) ?? 0) + 1);
  }

  /** Works out the earlier half of the activities, or all. */
  #advance(all: boolean): void {
    if (!this.#sums) {
      const steps = this.#steps.finish();
      this.#modules.finish();
      this.#sums = new StepSums(this.tables, steps);
    }
    this.#sweep.advance(all);
  }

  #swept(row: number, step: number): void {
    this.#sums!.take(this.#activities, row, step);
    if (!this.#activities.isCopy(row)) this.#path(row, this.#activities.duration(row));
  }

  /** Ends the file. */
  finish(base: number): RankResult {
    this.#advance(true);
    const { kernels, time, end, timeline, phases } = this.#sums!;
    return {
      swept: this.#sweep,
      steps: this.#steps.sorted,
      stepKernels: kernels,
      stepTime: time,
      stepEnd: end,
      phases,
      paths: this.#paths,
      graphs: this.#graphs.size,
      graphLaunches: this.#launches.graphLaunches,
      timeline,
      late: this.#late || this.#launches.late,
      events: this.#events,
      base,
      firstStart: this.#firstStart,
      lastEnd: this.#lastEnd,
      damaged: this.#damaged,
      lostLaunches: this.#launches.lost,
      furtherSteps: this.#steps.further,
      forgottenOperators: this.#operators.forgotten,
      operatorsDisordered: this.#operators.disordered,
      hasStacks: this.#modules.any,
    };
  }

  #path(row: number, duration: number): void {
    const activities = this.#activities;
    const operator = activities.operator(row);
    const module = this.#modules.any
      ? this.#modules.at(activities.thread(row), activities.launch(row))
      : -1;
    if (operator < 0 && module < 0) return;
    const kernel = activities.name(row);
    const key = `${kernel} ${operator} ${module}`;
    let sum = this.#paths.get(key);
    if (!sum) {
      const path = module < 0 ? undefined : this.#modules.path(module);
      this.#paths.set(key, sum = { kernel, operator, module: path, count: 0, total: 0 });
    }
    sum.count++;
    sum.total += duration;
  }
}

/** `Memcpy HtoD (Pageable -> Device)` is of kind `HtoD`. */
function copyKind(name: string): string {
  return /^(?:Memcpy )?([HDPA]to[HDPA])\b/.exec(name)?.[1] ?? name.replace(/^Memcpy /, "");
}
