/**
 * What is handed to each part of the timeline.
 *
 * @module
 */

import type { OwnTable } from "../../../bundle/session/own_tables.ts";
import type { FileSystem } from "../../../contract/context.ts";
import type { Share } from "./share.ts";
import type { Timeline } from "./timeline.ts";

/** A session and the timeline that it is drawn on. */
export interface Scene {
  readonly files: FileSystem;
  readonly dir: string;
  readonly share: Share;
  readonly timeline: Timeline;
  /** Tables of the user's own profilers. */
  readonly own: readonly OwnTable[];
}
