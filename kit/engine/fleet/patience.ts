/**
 * How long vscope waits for what may pass: a cluster that does not answer, a disk that is full. Jobs go on without us.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { messageOf, type RunError } from "../../contract/errors.ts";

const PATIENCE_MS = 15 * 60_000;

/** The patience of one that waits. */
export class Patience {
  #since: number | undefined;

  constructor(private readonly context: Pick<RunContext, "clock" | "output">) {}

  /** It has passed. */
  renew(): void {
    this.#since = undefined;
  }

  /** Takes in that it is so, and says it once; true where it has been so for too long. */
  isSpent(error: RunError): boolean {
    const { clock, output } = this.context;
    const now = clock.monotonicMs();
    if (this.#since === undefined) {
      output.warn(`${messageOf(error)}; vscope goes on when it does`);
      this.#since = now;
    }
    return now - this.#since > PATIENCE_MS;
  }
}
