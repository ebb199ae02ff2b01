/**
 * A sweep that another tool made has no manifest: its page needs what stands in for one.
 *
 * @module
 */

import { blankManifest } from "../bundle/blank_manifest.ts";
import type { Manifest } from "../bundle/manifest.ts";
import type { FileSystem } from "../contract/context.ts";
import { VERSION } from "../contract/version.ts";
import { isSweep } from "../sweep/validate_sweep.ts";

/** A manifest in memory that says nothing of a run; undefined where the folder is no sweep. */
export async function foreignSweep(files: FileSystem, dir: string): Promise<Manifest | undefined> {
  if (!await isSweep(files, dir)) return undefined;
  return { ...blankManifest("sweep", ""), versions: { vscope: VERSION, deno: "" } };
}
