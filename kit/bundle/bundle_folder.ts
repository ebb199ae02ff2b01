/**
 * The folder of a bundle: its name, and making it.
 *
 * @module
 */

import type { FileSystem } from "../contract/context.ts";
import { messageOf, UsageError } from "../contract/errors.ts";
import { requireUnshared } from "./files/shared_folder.ts";

/** `<prefix>_<YYYYMMDD_HHMMSS>_<pid>`, in local time, as the hooks name theirs. */
export function folderName(prefix: string, startedAt: Date, pid: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${startedAt.getFullYear()}${two(startedAt.getMonth() + 1)}${
    two(startedAt.getDate())
  }`;
  const time = `${two(startedAt.getHours())}${two(startedAt.getMinutes())}` +
    two(startedAt.getSeconds());
  return `${prefix}_${day}_${time}_${pid}`;
}

/**
 * Makes the folder with what it holds from its beginning. Needs write permission.
 *
 * @param what What will be written, for messages, as `a session`.
 * @param remedy Where another folder can be given, for messages.
 * @param begin Writes the first files.
 * @throws {UsageError} when the folder cannot be made, or holds files already.
 */
export async function makeBundleFolder(
  files: FileSystem,
  dir: string,
  what: string,
  remedy: string,
  begin: () => Promise<void>,
): Promise<void> {
  try {
    await requireUnshared(files, dir);
    await files.mkdir(dir, { recursive: true });
    for await (const entry of files.readDir(dir)) {
      // A vscope was killed as it began.
      if (entry.name.endsWith(".tmp")) continue;
      throw new UsageError(
        `Cannot write ${what} to "${dir}": the folder already holds "${entry.name}"; ` +
          "give an empty or a new folder with --out",
      );
    }
    await begin();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      `Cannot write ${what} to "${dir}": ${messageOf(error)}; ` +
        `give a folder that you may write to with ${remedy}`,
    );
  }
}
