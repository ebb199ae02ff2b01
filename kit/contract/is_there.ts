/**
 * Whether something lies at a path.
 *
 * @module
 */

import type { FileSystem } from "./context.ts";

/** Whether there is a file or a folder at a path that we may look at. Needs read permission. */
export async function isThere(files: Pick<FileSystem, "stat">, path: string): Promise<boolean> {
  return await files.stat(path).then(() => true, () => false);
}
