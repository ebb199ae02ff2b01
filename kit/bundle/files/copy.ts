/**
 * Copies of files, in pieces: a trace is larger than memory should be.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";

/** Copies a file; makes the folder it goes to. Needs read and write permission. */
export async function copyFile(files: FileSystem, from: string, to: string): Promise<void> {
  await files.mkdir(to.slice(0, to.lastIndexOf("/")), { recursive: true });
  const source = await files.open(from, { read: true });
  const target = await files.open(to, { write: true, create: true, truncate: true });
  await source.readable.pipeTo(target.writable);
}

/** Copies a folder with all below it, but for links. Needs read and write permission. */
export async function copyFolder(files: FileSystem, from: string, to: string): Promise<void> {
  await files.mkdir(to, { recursive: true });
  for await (const { name, isFile, isDirectory } of files.readDir(from)) {
    if (isDirectory) await copyFolder(files, `${from}/${name}`, `${to}/${name}`);
    else if (isFile) await copyFile(files, `${from}/${name}`, `${to}/${name}`);
  }
}
