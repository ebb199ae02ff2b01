/**
 * Reading and writing `bundle.json`; a reader never sees half a file.
 *
 * @module
 */

import type { FileSystem } from "../contract/context.ts";
import { UsageError } from "../contract/errors.ts";
import { isThere } from "../contract/is_there.ts";
import { unsecretDocument } from "./unsecret.ts";
import { BUNDLE_SCHEMA_VERSION, type Manifest, MANIFEST_NAME } from "./manifest.ts";

/** Writes the manifest beside its final name and renames it. Needs write permission on `dir`. */
export async function writeManifest(
  files: FileSystem,
  dir: string,
  manifest: Manifest,
): Promise<void> {
  const temporary = `${dir}/.${MANIFEST_NAME}.${Deno.pid}.tmp`;
  await files.remove(temporary).catch(() => {});
  const text = JSON.stringify(unsecretDocument(manifest), null, 2) + "\n";
  await files.writeTextFile(temporary, text, { createNew: true });
  await files.rename(temporary, `${dir}/${MANIFEST_NAME}`);
}

/**
 * Reads the manifest of a bundle, or nothing where there is none.
 *
 * @throws {UsageError} when the file is not a manifest that this vscope can read.
 *
 * @example What ran, and what became of it
 * ```ts
 * import assert from "node:assert/strict";
 * import {
 *   type ArtifactRecord,
 *   type BundleNote,
 *   type BundleStatus,
 *   type ContractValue,
 *   type HookRecord,
 *   type HookStatus,
 *   type Manifest,
 *   type ProcessRecord,
 *   readManifest,
 * } from "@vscope/vscope";
 *
 * const manifest: Manifest = (await readManifest(Deno, "perf/examples/session"))!;
 * const status: BundleStatus | undefined = manifest.status; // none while the run goes on
 * const tables: ArtifactRecord[] = manifest.artifacts.filter(({ path }) => path.endsWith(".csv"));
 * const engines: ProcessRecord[] = manifest.processes.filter(({ role }) => role === "engine_core");
 * const attached: HookStatus = "attached";
 * const missing: HookRecord[] = manifest.hooks.filter((hook) => hook.status !== attached);
 * const notes: BundleNote[] = manifest.notes;
 * const values: ContractValue[] = Object.values(manifest.contract);
 * const given = values.filter(({ source }) => source === "flag");
 * assert.equal(status, "complete");
 * assert.ok(tables.length > 0 && engines.length > 0);
 * console.log(given, missing.map(({ name, reason }) => [name, reason]), notes);
 * ```
 *
 * @example What an automation did, and the traces that a capture left
 * ```ts
 * import assert from "node:assert/strict";
 * import {
 *   type CaptureRecord,
 *   readManifest,
 *   type StageRecord,
 *   type StageStatus,
 * } from "@vscope/vscope";
 *
 * const manifest = (await readManifest(Deno, "perf/examples/session"))!;
 * const stages: StageRecord[] = manifest.stages ?? []; // of quick, full and sweep-all
 * const failed: StageStatus = "failed";
 * assert.ok(!stages.some(({ status }) => status === failed));
 * const traces: CaptureRecord[] = manifest.captures ?? []; // of torch, metal and xctrace
 * assert.equal(traces.length, 0);
 * ```
 */
export async function readManifest(files: FileSystem, dir: string): Promise<Manifest | undefined> {
  const path = `${dir}/${MANIFEST_NAME}`;
  let text: string;
  try {
    text = await files.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return undefined;
    }
    throw error;
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new UsageError(`Cannot read "${path}": it is not JSON; ${await remedy(files, dir)}`);
  }
  const version = (parsed as { schema_version?: unknown } | null)?.schema_version;
  if (version !== BUNDLE_SCHEMA_VERSION) {
    throw new UsageError(
      `Cannot read "${path}": its schema_version is ${JSON.stringify(version)}, ` +
        `this vscope reads ${BUNDLE_SCHEMA_VERSION}; use the vscope that wrote it`,
    );
  }
  return complete(parsed as Partial<Manifest>);
}

/** What mends a manifest that is damaged: a sweep has its journal, a session the files of its processes. */
async function remedy(files: FileSystem, dir: string): Promise<string> {
  if (await isThere(files, `${dir}/journal.log`)) {
    return "remove the file and run the same sweep again, which goes on from its journal.log";
  }
  return await isThere(files, `${dir}/meta.yaml`)
    ? "remove the file, without which a sweep can be read; or run the same sweep again, to another folder"
    : `make the bundle again, or remove the file and run "vscope bundle merge ${dir}"`;
}

/** A manifest by another hand may lack parts: they are empty, so that no reader stumbles. */
function complete(manifest: Partial<Manifest>): Manifest {
  const object = <T extends object>(value: T | undefined): T =>
    (typeof value === "object" && value !== null && !Array.isArray(value) ? value : {}) as T;
  const list = <T>(value: T[] | undefined): T[] => Array.isArray(value) ? value : [];
  return {
    ...manifest,
    schema_version: BUNDLE_SCHEMA_VERSION,
    recipe: String(manifest.recipe ?? "unknown"),
    started_at: String(manifest.started_at ?? "unknown"),
    contract: object(manifest.contract),
    command: list(manifest.command).map(String),
    versions: object(manifest.versions),
    devices: list(manifest.devices),
    engine: object(manifest.engine),
    processes: list(manifest.processes),
    hooks: list(manifest.hooks),
    dropped: object(manifest.dropped),
    artifacts: list(manifest.artifacts),
    notes: list(manifest.notes),
    ...(manifest.tables === undefined ? {} : { tables: list(manifest.tables) }),
    ...(manifest.captures === undefined ? {} : { captures: list(manifest.captures) }),
    ...(manifest.stages === undefined ? {} : { stages: list(manifest.stages) }),
  };
}
