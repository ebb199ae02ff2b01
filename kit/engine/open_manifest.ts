/**
 * The manifest of a run that has just begun.
 *
 * @module
 */

import type { FileSystem, RunContext } from "../contract/context.ts";
import { UsageError } from "../contract/errors.ts";
import type { Options } from "../contract/option.ts";
import type { Plan } from "../contract/recipe.ts";
import { VERSION } from "../contract/version.ts";
import { blankManifest } from "../bundle/blank_manifest.ts";
import { comesToRest } from "../bundle/capture_bundle.ts";
import { isAlive, thisProcess } from "../bundle/liveness.ts";
import type { Manifest } from "../bundle/manifest.ts";
import { readManifest, writeManifest } from "../bundle/manifest_file.ts";
import { listDevices } from "./system/devices.ts";
import type { PythonFacts } from "./python/python_of.ts";
import { unsecretArgv } from "../bundle/unsecret.ts";

/**
 * Opens the manifest of a bundle again: what it says of its end is taken back. Needs read and write
 * permission.
 *
 * @throws {UsageError} when there is none, or another vscope keeps it open.
 */
export async function reopenManifest(files: FileSystem, dir: string): Promise<Manifest> {
  const manifest = await readManifest(files, dir);
  if (!manifest) throw new UsageError(`Cannot go on with "${dir}": it holds no bundle.json`);
  const { open_by: other } = manifest;
  if (other && other.pid !== Deno.pid && await isAlive(files, other)) {
    throw new UsageError(
      `Cannot go on with "${dir}": the vscope with pid ${other.pid} works on it; wait for its end, ` +
        "or end it",
    );
  }
  // Who closes a bundle takes its name out: that one was killed.
  if (other && other.pid !== Deno.pid) await comesToRest(files, dir);
  delete manifest.status;
  delete manifest.ended_at;
  manifest.artifacts = [];
  manifest.open_by = await thisProcess(files);
  await writeManifest(files, dir, manifest);
  return manifest;
}

/**
 * Makes the manifest: what was asked for and what is here, without a status.
 *
 * @param python The interpreter that will run, where it could be told.
 */
export async function openManifest(
  context: RunContext,
  recipe: string,
  plan: Plan<Options>,
  python?: PythonFacts,
): Promise<Manifest> {
  const { devices, driver } = await listDevices(context);
  const { python: version, vllm, torch, vllm_metal, mlx } = python ?? {};
  return {
    ...blankManifest(recipe, plan.invocation.startedAt.toISOString()),
    contract: plan.invocation.contract,
    command: unsecretArgv(plan.processes[0]?.argv ?? []),
    versions: {
      vscope: VERSION,
      deno: Deno.version.deno,
      ...(version === undefined ? {} : { python: version }),
      ...(vllm === undefined ? {} : { vllm }),
      ...(torch === undefined ? {} : { torch }),
      ...(vllm_metal === undefined ? {} : { vllm_metal }),
      ...(mlx === undefined ? {} : { mlx }),
      ...(driver === undefined ? {} : { driver }),
    },
    devices,
    open_by: await thisProcess(context.files),
  };
}
