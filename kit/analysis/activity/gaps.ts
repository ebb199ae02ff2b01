/**
 * Idle time of a device, cause by cause.
 *
 * @module
 */

import type { IdleCause } from "../capture/model.ts";

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

  /** Takes a gap from `from` to `to`; copies in it come first, the rest is shared out by launch. */
  take(
    device: number,
    from: number,
    to: number,
    end: GapEnd,
    after: number,
    before: number,
    copies: CopySpans,
  ): { waiting: number } {
    const launch = Math.min(Math.max(end.launch, from), to);
    let copied = 0;
    let waiting = 0;
    let longest: { cause: IdleCause; time: number } = { cause: "unknown", time: -1 };
    const add = (cause: IdleCause, time: number) => {
      if (time <= 0) return;
      const sum = this.causes.get(cause) ?? { gaps: 0, total: 0 };
      sum.gaps++;
      sum.total += time;
      this.causes.set(cause, sum);
      if (time > longest.time) longest = { cause, time };
    };
    const rest = (a: number, b: number) => {
      const inCopies = copies.within(a, b);
      copied += inCopies;
      return b - a - inCopies;
    };
    if (Number.isNaN(end.launch)) {
      add("unknown", rest(from, to));
    } else if (end.launch <= from) {
      add("queued", rest(from, to));
    } else {
      const host = rest(from, launch);
      const latency = rest(launch, to);
      waiting = host + latency;
      const inStep = end.nextStep ? "host_between_steps" : "host_in_step";
      add(end.nextStep === undefined ? "host" : inStep, host);
      add("launch_latency", latency);
    }
    add("copy", copied);
    copies.forget(to);
    this.#list({ device, start: from, duration: to - from, cause: longest.cause, after, before });
    return { waiting };
  }

  #list(gap: Gap): void {
    if (this.longest.length >= MOST_LISTED && gap.duration <= this.#least) return;
    this.longest.push(gap);
    if (this.longest.length > MOST_LISTED) {
      this.longest.sort((a, b) => b.duration - a.duration);
      this.longest.length = MOST_LISTED;
      this.#least = this.longest.at(-1)!.duration;
    }
  }
}
