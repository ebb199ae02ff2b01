/**
 * Milliseconds by the name of what was timed.
 *
 * @module
 */

import { Samples } from "../bundle/merge/samples.ts";
import type { Timing } from "./session_model.ts";

/** Collects them; memory is bounded by the names. */
export class Timings {
  #samples = new Map<string, { samples: Samples; total: number; iterations: number }>();

  add(name: string, ms: number, iterations = 1): void {
    let entry = this.#samples.get(name);
    if (!entry) {
      this.#samples.set(name, entry = { samples: new Samples(), total: 0, iterations: 0 });
    }
    entry.samples.add(ms);
    entry.iterations += iterations;
    if (Number.isFinite(ms)) entry.total += ms;
  }

  all(): Timing[] {
    return [...this.#samples].flatMap(([name, { samples, total, iterations }]) => {
      const statistics = samples.statistics();
      return statistics ? [{ name, statistics, totalMs: total, iterations }] : [];
    });
  }
}
