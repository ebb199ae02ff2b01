/**
 * The folder of a job on its node. One that is killed cannot remove its own: the next job there does.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";

const PREFIX = "vscope-unit-";
/** Is locked for as long as the process lives: the kernel lets go of it, however that ends. */
const LOCK_NAME = "lock";

/** A folder of ours. */
export interface UnitFolder {
  readonly dir: string;
  /** Removes it. */
  close(): Promise<void>;
}

/** Makes the folder, and removes those whose jobs are gone. Needs read and write permission. */
export async function openUnitFolder(files: FileSystem): Promise<UnitFolder> {
  const dir = await files.makeTempDir({ prefix: PREFIX });
  const lock = await locked(files, dir);
  await removeDead(files, dir.slice(0, dir.lastIndexOf("/")));
  return {
    dir,
    async close() {
      await files.remove(dir, { recursive: true }).catch(() => {});
      lock?.close();
    },
  };
}

/** Nobody sees the lock before it holds. Where files cannot be locked there is none, and the folder is left alone. */
async function locked(files: FileSystem, dir: string): Promise<Deno.FsFile | undefined> {
  const path = `${dir}/${LOCK_NAME}`;
  const lock = await files.open(`${path}.new`, { write: true, createNew: true });
  try {
    await lock.lock(true);
    await files.rename(`${path}.new`, path);
    return lock;
  } catch {
    lock.close();
    return undefined;
  }
}

async function removeDead(files: FileSystem, parent: string): Promise<void> {
  try {
    for await (const { name, isDirectory } of files.readDir(parent)) {
      if (!isDirectory || !name.startsWith(PREFIX)) continue;
      // That of another user, or one that goes away just now, is no business of this job.
      await removeIfDead(files, `${parent}/${name}`).catch(() => {});
    }
  } catch {
    // Who may not see the others leaves them.
  }
}

async function removeIfDead(files: FileSystem, dir: string): Promise<void> {
  const path = `${dir}/${LOCK_NAME}`;
  // A pipe would keep whoever opens it.
  if (!(await files.stat(path)).isFile) return;
  using lock = await files.open(path, { read: true, write: true });
  if (await lock.tryLock(true)) await files.remove(dir, { recursive: true });
}
