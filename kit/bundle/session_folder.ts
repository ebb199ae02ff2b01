/**
 * The folder of a session: `session_<YYYYMMDD_HHMMSS>_<pid>` and its `metadata.json`.
 *
 * @module
 */

import type { FileSystem } from "../contract/context.ts";
import { UsageError } from "../contract/errors.ts";

/** Name of a session that a process begins at a time (local time, as the hooks name theirs). */
export function sessionName(startedAt: Date, pid: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${startedAt.getFullYear()}${two(startedAt.getMonth() + 1)}${
    two(startedAt.getDate())
  }`;
  const time = `${two(startedAt.getHours())}${two(startedAt.getMinutes())}` +
    two(startedAt.getSeconds());
  return `session_${day}_${time}_${pid}`;
}

/** Which profilers are on, in the words of `metadata.json`. */
export type Toggles = Record<`enable_${string}`, boolean>;

/**
 * Makes the folder and writes `metadata.json`. Needs write permission.
 *
 * @throws {UsageError} when the folder cannot be made, or holds files already.
 */
export async function makeSessionFolder(
  files: FileSystem,
  dir: string,
  session: { startedAt: Date; toggles: Toggles; cudaEvents: boolean; logInterval: number },
): Promise<void> {
  try {
    await files.mkdir(dir, { recursive: true });
    for await (const entry of files.readDir(dir)) {
      throw new UsageError(
        `Cannot write a session to "${dir}": the folder already holds "${entry.name}"; ` +
          "give an empty or a new folder with --out",
      );
    }
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
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      `Cannot write a session to "${dir}": ${(error as Error).message}; ` +
        "give a folder that you may write to with --out or VLLM_PROFILING_DIR",
    );
  }
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
  if (paused === false) await files.remove(`${dir}/paused`);
  else await files.writeTextFile(`${dir}/paused`, paused === true ? "" : paused.join("\n") + "\n");
}
