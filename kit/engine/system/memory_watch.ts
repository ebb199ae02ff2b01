/**
 * How much memory some processes and their descendants have gained.
 *
 * @module
 */

import { ProcessTracker } from "./process_table.ts";

/** Watches the resident memory of processes from now on. Needs permission to read /proc. */
export class MemoryWatch {
  // A mark that no environment carries: descent alone counts.
  readonly #tracker = new ProcessTracker(crypto.randomUUID());
  readonly #before: number;

  constructor(pids: readonly number[]) {
    for (const pid of pids) this.#tracker.watch(pid);
    this.#before = this.#resident();
  }

  /** Bytes gained since the watch began; 0 where the system does not tell. */
  gained(): number {
    return Math.max(0, this.#resident() - this.#before);
  }

  #resident(): number {
    this.#tracker.update();
    let bytes = 0;
    for (const pid of this.#tracker.alive()) {
      try {
        const status = Deno.readTextFileSync(`/proc/${pid}/status`);
        bytes += 1024 * Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1] ?? 0);
      } catch {
        // It has ended.
      }
    }
    return bytes;
  }
}
