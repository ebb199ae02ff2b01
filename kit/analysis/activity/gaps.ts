/**
 * Idle time of a device, cause by cause.
 *
 * @module
 */

import type { IdleCause } from "../capture/idle_model.ts";

/** The longest gaps are listed one by one. */
const MOST_LISTED = 20;

/** A gap between kernels; names are numbers, times nanoseconds since the base. */
export interface Gap {
  readonly device: number;
  readonly start: number;
  readonly duration: number;
  readonly cause: IdleCause;
  readonly after: number;
  readonly before: number;
}

/** What is known of the kernel that ends a gap. */
export interface GapEnd {
  /** When it was launched; NaN where it is not known. */
  readonly launch: number;
  /** Whether it belongs to another step than the one before; undefined without steps. */
  readonly nextStep: boolean | undefined;
}

/** Copies of one device that have no kernel beside them and have not been counted yet. */
export class CopySpans {
  #spans: { from: number; to: number }[] = [];
  #end = -Infinity;

  /** Takes a copy; `kernelEnd` is where the last kernel before it ends. */
  add(start: number, end: number, kernelEnd: number): void {
    const from = Math.max(start, kernelEnd, this.#end);
    this.#end = Math.max(this.#end, end);
    if (end > from) this.#spans.push({ from, to: end });
  }

  /** How much of the time between two moments copies take. */
  within(from: number, to: number): number {
    let sum = 0;
    for (const span of this.#spans) {
      sum += Math.max(0, Math.min(span.to, to) - Math.max(span.from, from));
    }
    return sum;
  }

  /** Forgets what ends before a moment. */
  forget(until: number): void {
    if (this.#spans.length > 0) this.#spans = this.#spans.filter(({ to }) => to > until);
  }
}

/** Sums gaps by cause. */
export class Gaps {
  readonly causes = new Map<IdleCause, { gaps: number; total: number }>();
  /** The longest, not in order. */
  longest: Gap[] = [];
  #least = 0;
  /** The cause of the largest part of the gap that is taken. */
  #longest: IdleCause = "unknown";
  #longestTime = -1;

  /**
   * Takes a gap from `from` to `to`; copies in it come first, the rest is shared out by launch.
   *
   * @returns How much of it the device waited for the launch.
   */
  take(
    device: number,
    from: number,
    to: number,
    end: GapEnd,
    after: number,
    before: number,
    copies: CopySpans,
  ): number {
    const { launch, nextStep } = end;
    let waiting = 0;
    this.#longest = "unknown";
    this.#longestTime = -1;
    if (!(launch > from)) {
      const copied = copies.within(from, to);
      this.#add(Number.isNaN(launch) ? "unknown" : "queued", to - from - copied);
      this.#add("copy", copied);
    } else {
      const launched = Math.min(launch, to);
      const [inHost, inLatency] = [copies.within(from, launched), copies.within(launched, to)];
      const host = launched - from - inHost;
      const latency = to - launched - inLatency;
      waiting = host + latency;
      const inStep = nextStep ? "host_between_steps" : "host_in_step";
      this.#add(nextStep === undefined ? "host" : inStep, host);
      this.#add("launch_latency", latency);
      this.#add("copy", inHost + inLatency);
    }
    copies.forget(to);
    if (this.longest.length < MOST_LISTED || to - from > this.#least) {
      this.#list({ device, start: from, duration: to - from, cause: this.#longest, after, before });
    }
    return waiting;
  }

  #add(cause: IdleCause, time: number): void {
    if (time <= 0) return;
    let sum = this.causes.get(cause);
    if (!sum) this.causes.set(cause, sum = { gaps: 0, total: 0 });
    sum.gaps++;
    sum.total += time;
    if (time > this.#longestTime) {
      this.#longest = cause;
      this.#longestTime = time;
    }
  }

  #list(gap: Gap): void {
    this.longest.push(gap);
    if (this.longest.length > MOST_LISTED) {
      this.longest.sort((a, b) => b.duration - a.duration);
      this.longest.length = MOST_LISTED;
      this.#least = this.longest.at(-1)!.duration;
    }
  }
}
