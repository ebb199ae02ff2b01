/**
 * Makes a bundle readable that nobody has closed: every command that reads bundles begins with it.
 *
 * @module
 */

import type { FileSystem } from "../contract/context.ts";
import { closeAbandoned } from "./capture_bundle.ts";
import type { Manifest } from "./manifest.ts";
import { readManifest } from "./manifest_file.ts";
import { mergeSession, needsMerge } from "./merge/merge.ts";

/**
 * Merges a session that is open, and closes a capture whose vscope was killed.
 *
 * @returns The manifest; undefined where the folder is no bundle. Needs read and write permission.
 */
export async function settleBundle(files: FileSystem, dir: string): Promise<Manifest | undefined> {
  if (await needsMerge(files, dir)) return await mergeSession(files, dir);
  const manifest = await readManifest(files, dir);
  return manifest && manifest.status === undefined
    ? await closeAbandoned(files, dir, manifest)
    : manifest;
}
