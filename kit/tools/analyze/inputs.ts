/**
 * What the operands of `vscope analyze` name: a session, or the files of a capture.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import type { Manifest } from "../../bundle/manifest.ts";
import { readManifest } from "../../bundle/manifest_file.ts";
import { isSession } from "../../bundle/merge/merge.ts";
import { UsageError } from "../../contract/errors.ts";

/** How deep captures lie below a folder that is given. */
const DEPTH = 2;

/** A session's folder, or the files of one capture. */
export type Input =
  | { readonly session: string }
  | { readonly captures: readonly string[] };

/**
 * Sorts operands out: a folder that is no session stands for the traces in it.
 *
 * @throws UsageError when there is no such file, or a session is given beside something else.
 */
export async function inputOf(files: FileSystem, operands: readonly string[]): Promise<Input> {
  const captures: string[] = [];
  for (const operand of operands) {
    const path = operand.replace(/(?<=.)\/+$/, "");
    const found = await files.stat(path).catch((error) => {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
        return undefined;
      }
      throw error;
    });
    if (!found) throw new UsageError(`Cannot analyze "${path}": there is no such file or folder`);
    if (!found.isDirectory) {
      captures.push(path);
      continue;
    }
    if (await isSession(files, path)) {
      if (operands.length === 1) return { session: path };
      throw new UsageError(
        `Cannot analyze "${path}" together with other files: give a session's folder alone`,
      );
    }
    const inside = await capturesIn(files, path, DEPTH);
    if (inside.length === 0) throw nothingIn(path, await readManifest(files, path));
    captures.push(...inside);
  }
  return { captures };
}

function nothingIn(path: string, manifest: Manifest | undefined): UsageError {
  return new UsageError(
    manifest
      ? `Cannot analyze "${path}": this bundle of ${manifest.recipe} holds no capture that this ` +
        `vscope reads; "vscope report ${path}" shows what it holds`
      : `Cannot analyze "${path}": the folder holds neither a session nor captures; give the folder ` +
        "of a session, or a capture",
  );
}

/** The traces or exports below a folder; those of ranks only, where any trace is one of a rank. */
async function capturesIn(files: FileSystem, dir: string, depth: number): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of files.readDir(dir)) {
    if (isDirectory && depth > 1) {
      found.push(...await capturesIn(files, `${dir}/${name}`, depth - 1));
    } else if (/(\.trace|rank[-_]?\d.*)\.json(\.gz)?$|\.sqlite$/i.test(name)) {
      found.push(`${dir}/${name}`);
    }
  }
  const ranks = found.filter((path) => /rank/i.test(path.slice(path.lastIndexOf("/"))));
  return (ranks.length > 0 ? ranks : found).sort();
}
