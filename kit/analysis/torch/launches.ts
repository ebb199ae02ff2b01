/**
 * Finds the call that launched an activity. The two come in either order, usually close together;
 * what has met is forgotten.
 *
 * @module
 */

import type { Activities } from "../activity/activities.ts";
import { Call } from "../activity/calls.ts";

/** So many calls or activities may wait for their other half; the oldest are given up. */
const MOST_WAITING = 400_000;

/** Calls and activities that wait for each other. */
export class Launches {
  #calls = new Map<number, { time: number; thread: number }>();
  #rows = new Map<number, number>();
  #more = new Map<number, number[]>();
  #graphs = new Map<number, { time: number; thread: number }>();

  /** Replays of graphs. */
  graphLaunches = 0;
  /** Launches that were given up. */
  lost = 0;
  /** Whether a call came after its activity had been settled. */
  late = false;

  constructor(private readonly activities: Activities) {}

  /** Takes a call. */
  call(kind: Call, correlation: number, time: number, thread: number): void {
    if (kind === Call.GraphLaunch) {
      this.graphLaunches++;
      this.#graphs.set(correlation, { time, thread });
      if (this.#graphs.size > MOST_WAITING) this.#giveUp(this.#graphs);
      this.#resolve(correlation, time, thread, true);
      return;
    }
    if (this.#resolve(correlation, time, thread, false)) return;
    this.#calls.set(correlation, { time, thread });
    if (this.#calls.size > MOST_WAITING) this.#giveUp(this.#calls);
  }

  /** Takes an activity. */
  activity(row: number, correlation: number): void {
    const graph = this.#graphs.get(correlation);
    if (graph) {
      this.activities.launched(row, graph.time, graph.thread);
      this.activities.markGraph(row);
      return;
    }
    const call = this.#calls.get(correlation);
    if (call) {
      this.#calls.delete(correlation);
      this.activities.launched(row, call.time, call.thread);
      return;
    }
    const first = this.#rows.get(correlation);
    if (first === undefined) {
      this.#rows.set(correlation, row);
      if (this.#rows.size > MOST_WAITING) this.#giveUp(this.#rows);
    } else {
      // Several activities of one call that has not come yet: a graph's.
      const waiting = this.#more.get(correlation) ?? [];
      waiting.push(row);
      this.#more.set(correlation, waiting);
    }
  }

  #resolve(correlation: number, time: number, thread: number, graph: boolean): boolean {
    const first = this.#rows.get(correlation);
    if (first === undefined) return false;
    const rows = [first, ...this.#more.get(correlation) ?? []];
    this.#rows.delete(correlation);
    this.#more.delete(correlation);
    for (const row of rows) {
      if (!this.activities.launched(row, time, thread)) this.late = true;
      if (graph) this.activities.markGraph(row);
    }
    return true;
  }

  #giveUp(waiting: Map<number, unknown>): void {
    const [oldest] = waiting.keys();
    waiting.delete(oldest!);
    this.#more.delete(oldest!);
    this.lost++;
  }
}
