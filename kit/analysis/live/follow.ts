/**
 * One follower of a session, for all who ask: the view, the scrapes.
 *
 * @module
 */

import type { Clock, FileSystem } from "../../contract/context.ts";
import { LiveSession } from "./live_session.ts";

/** A session, and looks at it that never overlap. */
export class Follower {
  readonly live: LiveSession;
  #looking: Promise<void> | undefined;

  constructor(files: FileSystem, private readonly clock: Clock, dir: string) {
    this.live = new LiveSession(files, dir);
  }

  /** Looks once; of a long session that is a part. Who asks meanwhile gets the same look. */
  look(): Promise<void> {
    return this.#looking ??= this.live.look(this.clock.now()).finally(() => {
      this.#looking = undefined;
    });
  }

  /** Looks until all that is there has been read. */
  async catchUp(): Promise<void> {
    do await this.look(); while (!this.live.caughtUp && !this.live.ended && this.live.started);
  }
}
