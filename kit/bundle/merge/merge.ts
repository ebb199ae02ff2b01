/**
 * Makes a complete bundle of what the hooks of a session left, process by process.
 *
 * Merging only reads the per-process files and can be repeated: while the session runs it gives
 * the state of the moment.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { messageOf, UsageError } from "../../contract/errors.ts";
import { listArtifacts } from "../artifacts.ts";
import { blankManifest } from "../blank_manifest.ts";
import { requireOwnFolders, unfinished } from "../files/whole_file.ts";
import { hookCoverage } from "./hook_coverage.ts";
import { isAlive } from "../liveness.ts";
import {
  type BundleNote,
  type BundleStatus,
  type Manifest,
  MANIFEST_NAME,
  type ProcessRecord,
} from "../manifest.ts";
import { readManifest, writeManifest } from "../manifest_file.ts";
import { writeExperts } from "./experts.ts";
import { writeGraphs } from "./graphs.ts";
import {
  abruptEnds,
  droppedRows,
  engineFacts,
  expertNotes,
  missingRanks,
  processNotes,
  rowNotes,
} from "./notes.ts";
import { ownTables, writeOwnTables } from "../session/own_tables.ts";
import { writeEncoders, writeEvictions, writePreemptions } from "./residency.ts";
import * as tables from "./tables.ts";
import { type RawProcess, readRawProcesses } from "./raw_session.ts";
import { giveUpReserve } from "../files/reserve.ts";
import { EXPERTS_FOLDER, SESSION_TABLES } from "../session/session_tables.ts";
import { readRequests } from "./requests.ts";
import { type SessionFigures, type TokenAccount, writeSummaries } from "./summaries.ts";
import { readStepAdjustments } from "./step_adjustments.ts";

/** How the run that made the session ended, as its recipe saw it. */
export interface Ending {
  /** How it ended. */
  status: BundleStatus;
  /** When it ended. */
  endedAt: Date;
  /** What the run itself has to tell. */
  notes?: BundleNote[];
  /** The command that was run, with its exit code. */
  command?: ProcessRecord;
}

/** Whether a folder is that of a session: it has a `metadata.json`, or what processes recorded. */
export async function isSession(files: FileSystem, dir: string): Promise<boolean> {
  return await readMetadata(files, dir) !== undefined ||
    await files.stat(`${dir}/processes`).then(({ isDirectory }) => isDirectory, () => false);
}

/**
 * Whether a folder is a session whose tables have not been made, or may have grown since.
 *
 * @example Only a session that has grown
 * ```ts
 * import assert from "node:assert/strict";
 * import { needsMerge } from "@vscope/vscope";
 *
 * assert.equal(await needsMerge(Deno, "perf/examples/session"), false);
 * ```
 */
export async function needsMerge(files: FileSystem, dir: string): Promise<boolean> {
  const manifest = await readManifest(files, dir);
  return manifest?.status === undefined && await isSession(files, dir);
}

/**
 * Merges a session. Without an `ending` the session is one that was started without vscope, still
 * runs, or lost its vscope: it stays open while its processes live, and is closed otherwise.
 *
 * @throws {UsageError} when the folder holds no session. Needs read and write permission on `dir`.
 *
 * @example Closes a session as it ended
 * ```ts
 * import assert from "node:assert/strict";
 * import { type Ending, mergeSession } from "@vscope/vscope";
 *
 * const dir = await Deno.makeTempDir();
 * for await (const { name, isFile } of Deno.readDir("perf/examples/session")) {
 *   if (isFile) await Deno.copyFile(`perf/examples/session/${name}`, `${dir}/${name}`);
 * }
 * const ending: Ending = { status: "interrupted", endedAt: new Date() };
 * const manifest = await mergeSession(Deno, dir, ending);
 * assert.equal(manifest.status, "interrupted");
 * await Deno.remove(dir, { recursive: true });
 * ```
 */
export async function mergeSession(
  files: FileSystem,
  dir: string,
  ending?: Ending,
): Promise<Manifest> {
  const known = await readManifest(files, dir);
  const metadata = await readMetadata(files, dir);
  if (!known && !metadata) {
    throw new UsageError(
      `Cannot merge "${dir}": it holds neither bundle.json nor metadata.json; ` +
        "give the folder of a session, as session_20260124_123456_4711",
    );
  }
  await requireOwnFolders(files, dir, (name) => name === EXPERTS_FOLDER);
  const { processes, unreadable } = await readRawProcesses(files, dir);
  const cut = { lines: 0 };
  const off = isOff(known);
  const own = ownTables(processes);
  const hosts = new Set(processes.flatMap(({ host }) => host ?? []));
  let found: BundleNote[];
  try {
    const { figures, account } = await writeTables(files, dir, metadata, processes, cut);
    found = [
      ...rowNotes(cut.lines, account, figures.requests, processes),
      ...expertNotes(figures, processes),
    ];
  } catch (error) {
    if (error instanceof UsageError) throw error;
    // Half of the tables say little, and the room they take may be what is missing.
    await removeTables(files, dir, own.map(({ path }) => path));
    found = [{
      severity: "error",
      message: `The tables could not be made: ${messageOf(error)}; what the processes recorded ` +
        `is kept: make room and run "vscope bundle merge ${dir}"`,
    }];
  }

  const startedAt = known?.started_at ?? String(metadata?.["start_time"]);
  const manifest: Manifest = {
    ...(known ?? blankManifest("monitor", startedAt)),
    processes: [
      ...(ending?.command ? [ending.command] : known?.processes.filter(isCommand) ?? []),
      ...processes.map((process) => ({
        pid: process.pid,
        role: process.role,
        ...(process.rank === undefined ? {} : { rank: process.rank }),
        ...(hosts.size > 1 && process.host !== undefined ? { host: process.host } : {}),
        ...(process.started_sec === undefined ? {} : { started_sec: process.started_sec }),
      })),
    ],
    hooks: hookCoverage(processes, metadata ?? {}, off),
    dropped: droppedRows(processes),
    ...(own.length === 0 ? {} : { tables: own }),
    engine: { ...known?.engine, ...engineFacts(processes) },
    notes: [
      ...(ending?.notes?.map((note) => ({ ...note, from_run: true as const })) ??
        known?.notes.filter((note) => note.from_run) ?? []),
      ...processNotes(processes, unreadable, off),
      ...missingRanks(processes),
      ...found,
    ],
  };
  const seen = processes.find((process) => process.versions["vllm"])?.versions ?? {};
  manifest.versions = { ...manifest.versions, ...seen };
  if (manifest.devices.length === 0) manifest.devices = devicesOf(processes);
  await settle(files, manifest, processes, ending);
  if (manifest.status !== undefined) {
    manifest.notes.push(...abruptEnds(processes, endedBy(manifest)));
  }
  manifest.artifacts = await listArtifacts(files, dir, manifest);
  // Kept for this: the tables may have taken all that was left.
  if (manifest.status !== undefined) await giveUpReserve(files, dir);
  await writeManifest(files, dir, manifest);
  return manifest;
}

async function removeTables(
  files: FileSystem,
  dir: string,
  own: readonly string[],
): Promise<void> {
  for (const path of [...Object.values(SESSION_TABLES).map(({ path }) => path), ...own]) {
    for (const name of [path, unfinished(path)]) {
      await files.remove(`${dir}/${name}`).catch(() => {});
    }
  }
}

const isCommand = (record: ProcessRecord) => record.role === "command";

/** Writes the merged tables and the summaries. */
async function writeTables(
  files: FileSystem,
  dir: string,
  metadata: Record<string, unknown> | undefined,
  processes: readonly RawProcess[],
  cut: { lines: number },
): Promise<{ figures: SessionFigures; account: TokenAccount }> {
  const adjustments = await readStepAdjustments(files, processes, cut);
  const requests = await readRequests(files, processes, adjustments, cut);
  const source = { files, session: dir, processes, adjustments, cut };
  const figures: SessionFigures = {
    forward: await tables.writeForwardPasses(source),
    batches: await tables.writeBatches(source),
    cpu: await tables.writeCpuOperations(source),
    kv: await tables.writeKvCache(source),
    evictions: await writeEvictions(source),
    graphs: await writeGraphs(source, Number(metadata?.["log_interval"] ?? 100)),
    experts: await writeExperts(source),
    encoders: await writeEncoders(source),
    preemptions: await writePreemptions(source, requests),
    modelType: modelTypeOf(engineFacts(processes)),
    costSec: Object.fromEntries(
      processes
        .filter(({ cost_sec }) => Object.keys(cost_sec).length > 0)
        .map(({ name, cost_sec }) => [name, cost_sec]),
    ),
    requests,
    adjustments,
  };
  await tables.writeRequests(source, requests);
  await writeOwnTables(source);
  return { figures, account: await writeSummaries(files, dir, figures) };
}

/** Lists the bundle's files afresh, after one was added. */
export async function recordArtifacts(files: FileSystem, dir: string): Promise<void> {
  const manifest = await readManifest(files, dir);
  // An open bundle belongs to the vscope that keeps it open.
  if (manifest?.status === undefined) return;
  const { mtime } = await files.stat(`${dir}/${MANIFEST_NAME}`);
  const known = mtime ? { artifacts: manifest.artifacts, at: mtime } : undefined;
  manifest.artifacts = await listArtifacts(files, dir, manifest, known);
  await writeManifest(files, dir, manifest);
}

/** Gives the manifest its status, or leaves it open. */
async function settle(
  files: FileSystem,
  manifest: Manifest,
  processes: readonly RawProcess[],
  ending: Ending | undefined,
): Promise<void> {
  const { status, ended_at: endedAt } = manifest;
  delete manifest.status;
  if (!ending && status !== undefined && endedAt !== undefined) {
    // Merged anew: how the run ended is known, and whether that is all there is to say is found again.
    ending = { status: status === "partial" ? "complete" : status, endedAt: new Date(endedAt) };
  } else if (!ending) {
    const owner = manifest.open_by;
    if (owner ? await isAlive(files, owner) : await anyAlive(files, processes)) {
      manifest.notes.push({ severity: "info", message: "The session is still running" });
      return;
    }
    ending = {
      status: owner ? "interrupted" : "complete",
      endedAt: lastSign(manifest.started_at, processes),
    };
    if (owner) {
      manifest.notes.push({
        severity: "error",
        message: "vscope itself was killed during the run",
        from_run: true,
      });
    }
  }
  delete manifest.open_by;
  const flawed = manifest.notes.some((note) => note.severity === "error") ||
    manifest.hooks.some((hook) => hook.status === "failed") ||
    // A server whose engine died may end as if all were well; one that vscope ends may kill its engine.
    endedBy(manifest) === undefined &&
      processes.some(({ role, ended_sec }) => role === "engine_core" && ended_sec === null);
  manifest.status = ending.status === "complete" && flawed ? "partial" : ending.status;
  manifest.ended_at = ending.endedAt.toISOString();
}

/** Who ended vLLM: on a cluster Ray does, when the command has ended well, or is asked to end. */
function endedBy({ processes, capture }: Manifest): "vscope" | "Ray" | undefined {
  const onRay = capture?.["fleet"] !== undefined;
  const asked = processes.some(({ ended_by }) => ended_by === "vscope");
  if (asked) return onRay ? "Ray" : "vscope";
  return onRay && processes.some((one) => isCommand(one) && one.exit_code === 0)
    ? "Ray"
    : undefined;
}

/** Whether any process of a session still runs on this machine. */
export async function anyAlive(
  files: FileSystem,
  processes: readonly RawProcess[],
): Promise<boolean> {
  for (const process of processes) if (await isAlive(files, process)) return true;
  return false;
}

/** The last time at which a process of the session wrote its record. */
export function lastSign(startedAt: string, processes: readonly RawProcess[]): Date {
  const seconds = Math.max(0, ...processes.map((process) => process.updated_sec ?? 0));
  return new Date(Date.parse(startedAt) + 1000 * seconds);
}

/** The GPUs that the processes computed on, where whoever started vLLM has not listed them. */
export function devicesOf(processes: readonly RawProcess[]): Manifest["devices"] {
  return processes.flatMap(({ cuda_device: device }) =>
    device ? [{ kind: "gpu", name: device.name, memory_bytes: device.memory_bytes }] : []
  );
}

function modelTypeOf(engine: Record<string, unknown>): string | undefined {
  const config = engine["model_config"] as Record<string, unknown> | undefined;
  const type = config?.["model_type"];
  return typeof type === "string" ? type : undefined;
}

/** Whether the run was asked to record nothing. */
export function isOff(manifest: Manifest | undefined): boolean {
  return manifest?.contract["enable-profiling"]?.value === "0";
}

/** `metadata.json`; undefined where it is missing or no JSON. */
export async function readMetadata(
  files: FileSystem,
  dir: string,
): Promise<Record<string, unknown> | undefined> {
  try {
    return JSON.parse(await files.readTextFile(`${dir}/metadata.json`));
  } catch {
    return undefined;
  }
}
