/**
 * A window of a trace as a trace of its own, which Perfetto opens.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";
import type { ReadOptions, Trimmed, Window } from "../capture/reader.ts";

/** placeholder */
export function trimTrace(
  _files: FileSystem,
  path: string,
  _window: Window,
  _out: string,
  _options: ReadOptions,
): Promise<Trimmed> {
  throw new UsageError(path);
}
