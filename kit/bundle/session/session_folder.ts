/**
 * The folder of a session: `session_<YYYYMMDD_HHMMSS>_<pid>` and its `metadata.json`.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { isThere } from "../../contract/is_there.ts";
import { makeBundleFolder } from "../bundle_folder.ts";

/** Which profilers are on, in the words of `metadata.json`. */
export type Toggles = Record<`enable_${string}`, boolean>;

/** What `metadata.json` says of a session. */
export interface SessionMetadata {
  startedAt: Date;
  toggles: Toggles;
  cudaEvents: boolean;
  logInterval: number;
}

/**
 * Makes the folder and writes `metadata.json`. Needs write permission.
 *
 * @throws {UsageError} when the folder cannot be made, or holds files already.
 */
export async function makeSessionFolder(
  files: FileSystem,
  dir: string,
  session: SessionMetadata,
): Promise<void> {
  await makeBundleFolder(
    files,
    dir,
    "a session",
    "--out or VLLM_PROFILING_DIR",
    () => writeMetadata(files, dir, session),
  );
}

/**
 * Makes the folder of a running session again where somebody has removed it.
 *
 * @returns Whether it had been removed.
 */
export async function restoreSessionFolder(
  files: FileSystem,
  dir: string,
  session: SessionMetadata,
): Promise<boolean> {
  const there = await isThere(files, `${dir}/metadata.json`);
  if (there) return false;
  await files.mkdir(dir, { recursive: true });
  await writeMetadata(files, dir, session);
  return true;
}

async function writeMetadata(
  files: FileSystem,
  dir: string,
  session: SessionMetadata,
): Promise<void> {
  await files.writeTextFile(
    `${dir}/metadata.json`,
    JSON.stringify(
      {
        session_id: dir.split("/").at(-1)!.replace(/^session_/, ""),
        start_time: session.startedAt.toISOString(),
        start_epoch_sec: session.startedAt.getTime() / 1000,
        output_dir: dir,
        ...session.toggles,
        cuda_events_enabled: session.cudaEvents,
        log_interval: session.logInterval,
      },
      null,
      1,
    ) + "\n",
  );
}

/**
 * Pauses the hooks of a running session (true), some of its profilers (their names), or lets them go
 * on (false); they notice within half a second.
 */
export async function pauseHooks(
  files: FileSystem,
  dir: string,
  paused: boolean | readonly string[],
): Promise<void> {
  if (paused === false) return await files.remove(`${dir}/paused`);
  // Hooks that look while it is written would find it empty, which means all of them.
  const temporary = `${dir}/.paused.${Deno.pid}.tmp`;
  await files.writeTextFile(temporary, paused === true ? "" : paused.join("\n") + "\n");
  await files.rename(temporary, `${dir}/paused`);
}
