/**
 * Files that are whole whenever they are read.
 *
 * They are written beside their name and renamed. Nothing is written through a link: a bundle that
 * somebody sent may hold one that leads out of it.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";

/** Where a file is written until it is complete. */
export function unfinished(path: string): string {
  return `${path}.${Deno.pid}.tmp`;
}

/** Opens the unfinished file anew; whatever had its name goes. Needs write permission. */
export async function openUnfinished(files: FileSystem, path: string): Promise<Deno.FsFile> {
  await files.remove(unfinished(path)).catch(() => {});
  return await files.open(unfinished(path), { write: true, createNew: true });
}

/** Writes a file; where that fails nothing is left beside the name. Needs write permission. */
export async function writeWhole(
  files: FileSystem,
  path: string,
  text: string | Uint8Array,
): Promise<void> {
  await files.remove(unfinished(path)).catch(() => {});
  try {
    const options = { createNew: true };
    await (typeof text === "string"
      ? files.writeTextFile(unfinished(path), text, options)
      : files.writeFile(unfinished(path), text, options));
    await files.rename(unfinished(path), path);
  } catch (error) {
    await files.remove(unfinished(path)).catch(() => {});
    throw error;
  }
}

/**
 * Refuses a bundle in which a folder that is written to is a link.
 *
 * @param own Whether a name in the bundle is one of those folders.
 * @throws {UsageError} when there is such a link. Needs read permission.
 */
export async function requireOwnFolders(
  files: FileSystem,
  dir: string,
  own: (name: string) => boolean,
): Promise<void> {
  for await (const { name, isSymlink } of files.readDir(dir)) {
    if (isSymlink && own(name)) {
      throw new UsageError(
        `Cannot write into "${dir}": "${name}" in it is a link, which leads elsewhere; ` +
          "give a copy without links, as cp -rL makes it",
      );
    }
  }
}
