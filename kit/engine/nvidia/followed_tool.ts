/**
 * A tool of NVIDIA's while it runs around its target.
 *
 * @module
 */

import type { ProcessEnd, RunContext, RunningProcess } from "../../contract/context.ts";

/** The process of a tool, how long it has run, and how it ended. */
export class FollowedTool {
  /** How it ended. */
  end: ProcessEnd | undefined;
  /** Its process, once it was started. */
  protected process: RunningProcess | undefined;
  #started = 0;

  constructor(readonly context: RunContext) {}

  /** Takes its process. */
  follow(process: RunningProcess): void {
    this.process = process;
    this.#started = this.context.clock.monotonicMs();
    process.ended.then((end) => this.end = end);
  }

  /** Seconds since it was started. */
  get seconds(): number {
    return (this.context.clock.monotonicMs() - this.#started) / 1000;
  }
}
