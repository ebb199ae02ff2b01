/**
 * The bundle of a capture: what a tool such as a tracer wrote, as it wrote it, and its manifest.
 *
 * @module
 */

import type { FileSystem } from "../contract/context.ts";
import { lastChange, listArtifacts } from "./artifacts.ts";
import { isAlive } from "./liveness.ts";
import type { BundleStatus, Manifest } from "./manifest.ts";
import { writeManifest } from "./manifest_file.ts";

/**
 * Gives the manifest its status, lists the files and writes it. Needs read and write permission.
 *
 * A run that is complete but for an error in its notes is partial.
 */
export async function closeCapture(
  files: FileSystem,
  dir: string,
  manifest: Manifest,
  ending: { status: BundleStatus; endedAt: Date },
): Promise<void> {
  delete manifest.open_by;
  const flawed = manifest.notes.some(({ severity }) => severity === "error");
  manifest.status = ending.status === "complete" && flawed ? "partial" : ending.status;
  manifest.ended_at = ending.endedAt.toISOString();
  manifest.artifacts = await listArtifacts(files, dir, manifest);
  await writeManifest(files, dir, manifest);
}

/** Without a change for so long, nothing that outlived its vscope writes any more. */
const QUIET_MS = 2000;

/** The guard lets what outlived its vscope live no longer than this. */
const GUARD_MS = 6000;

/** Closes a capture whose vscope was killed; leaves one that still runs open. */
export async function closeAbandoned(
  files: FileSystem,
  dir: string,
  manifest: Manifest,
): Promise<Manifest> {
  if (manifest.open_by && await isAlive(files, manifest.open_by)) return manifest;
  await comesToRest(files, dir);
  manifest.notes.push({ severity: "error", message: "vscope itself was killed during the run" });
  const { mtime } = await files.stat(`${dir}/bundle.json`);
  const endedAt = mtime ?? new Date(manifest.started_at);
  await closeCapture(files, dir, manifest, { status: "interrupted", endedAt });
  return manifest;
}

/**
 * Waits while files of a bundle change whose vscope was killed: its tool ends a moment later. Needs read
 * permission.
 */
export async function comesToRest(files: FileSystem, dir: string): Promise<void> {
  const end = Date.now() + GUARD_MS;
  while (Date.now() < end && Date.now() - await lastChange(files, dir) < QUIET_MS) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
