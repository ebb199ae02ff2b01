/**
 * Folders that other users of the machine could have put there before us.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";

/** A folder in which all may make files and nobody may take away those of others, as /tmp. */
const SHARED = 0o1002;

/**
 * Refuses a place below a folder that somebody else has made in a shared one: its owner could change
 * what is written there, and a session holds Python that is run.
 *
 * @param dir Absolute; it need not be there.
 * @throws {UsageError} when there is such a folder on the way. Needs read permission.
 */
export async function requireUnshared(files: FileSystem, dir: string): Promise<void> {
  if (Deno.build.os === "windows" || !dir.startsWith("/")) return;
  const parts = dir.split("/").filter(Boolean);
  let shared = false;
  for (let count = 0; count <= parts.length; count++) {
    const path = `/${parts.slice(0, count).join("/")}`;
    const found = await files.stat(path).catch(() => undefined);
    if (!found) return;
    if (shared && found.uid !== Deno.uid() && found.uid !== 0) {
      throw new UsageError(
        `Cannot write to "${dir}": "${path}" lies where everybody may make folders and belongs to ` +
          `another user (uid ${found.uid}), who could change what is run; give a folder of your own ` +
          "with --out or VLLM_PROFILING_DIR",
      );
    }
    shared = ((found.mode ?? 0) & SHARED) === SHARED;
  }
}
