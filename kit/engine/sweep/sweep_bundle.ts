/**
 * The folder of a sweep: new, or one to go on with.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";
import { isThere } from "../../contract/is_there.ts";
import { makeBundleFolder } from "../../bundle/bundle_folder.ts";
import { isAlive } from "../../bundle/liveness.ts";
import { writeWhole } from "../../bundle/files/whole_file.ts";
import type { Manifest } from "../../bundle/manifest.ts";
import { readManifest, writeManifest } from "../../bundle/manifest_file.ts";
import { joinJournals, journalOf } from "../../fleet/journals.ts";
import {
  type Journal,
  JOURNAL_NAME,
  parseJournal,
  readJournal,
} from "../../sweep/measure/journal.ts";
import type { SweepValues } from "../../sweep/options.ts";
import { checkIdentity } from "./identity.ts";

/** A folder that was opened. */
export interface OpenedFolder {
  /** What counts of its journal. */
  readonly journal: Journal;
  /** The manifest that was there. */
  readonly before?: Manifest;
  /** The folder that the first of its shots are from. */
  readonly origin: string;
  /** Leaves all as it was, where an engine turns out not to fit; absent where a new folder may stay. */
  undo?(): Promise<void>;
  /** Removes what FORCE is to measure again. Called once an engine is up, and nothing before. */
  wipe(): Promise<void>;
}

/** Throws where the journal of a folder cannot be gone on with. */
type CheckJournal = (journal: Journal, dir: string) => void;

/**
 * Opens the folder, with its journal; `check` looks at one that is to be gone on with, and throws
 * where it cannot be. Needs read and write permission.
 *
 * With FORCE and all categories nothing of the journal counts.
 *
 * @throws {UsageError} where the folder holds something else, or another vscope is at work in it.
 */
export async function openFolder(
  { files }: Pick<RunContext, "files">,
  dir: string,
  values: Pick<SweepValues, "force" | "only" | "onlySkew" | "skipSkew" | "mix"> & {
    /** Absolute. */
    readonly resumeFrom?: string | undefined;
  },
  manifest: Manifest,
  check: CheckJournal,
): Promise<OpenedFolder> {
  const there = await files.stat(`${dir}/${JOURNAL_NAME}`).catch(() => undefined);
  const before = await readManifest(files, dir);
  if (before?.open_by && before.status === undefined && await isAlive(files, before.open_by)) {
    throw new UsageError(
      `Cannot run sweep: another vscope (process ${before.open_by.pid}) is measuring to "${dir}"; ` +
        "wait for it, or give another --out",
    );
  }
  const wiped = wipes(values);
  const isSweep = before?.recipe === "sweep";
  if (!there && isSweep && !wiped && await isThere(files, `${dir}/meta.yaml`)) {
    throw new UsageError(
      `Cannot go on with "${dir}": it has tables, and no ${JOURNAL_NAME} with the shots they are made of; give ` +
        "another --out, or --force to measure everything again",
    );
  }
  const from = values.resumeFrom;
  const taken = from === undefined || wiped ? undefined : await takeOver(files, from, check);
  if (!there && !isSweep) {
    await makeBundleFolder(files, dir, "a sweep", "--out", async () => {
      await files.mkdir(`${dir}/logs`);
      if (taken) await files.writeFile(`${dir}/${JOURNAL_NAME}`, taken.bytes);
      await writeManifest(files, dir, manifest);
    });
    return {
      journal: await readJournal(files, dir),
      origin: from ?? dir,
      wipe: async () => {},
      ...(taken ? { undo: () => files.remove(dir, { recursive: true }) } : {}),
    };
  }
  const journal = wiped ? parseJournal(new Uint8Array()) : await readJournal(files, dir);
  check(journal, dir);
  const own = journal.sweeps.at(-1)?.identity;
  if (taken && own) checkIdentity(from!, taken.journal, own, values.mix);
  await files.mkdir(`${dir}/logs`, { recursive: true });
  const joined = taken ? await joinTo(files, dir, journal, taken.journal) : undefined;
  // It keeps the tables of TP degrees that this run does not ask for, and what is known of their engines.
  if (before && !wiped) Object.assign(manifest.engine, before.engine);
  await writeManifest(files, dir, manifest);
  return {
    journal: joined?.journal ?? journal,
    ...(before ? { before } : {}),
    origin: journal.shots.length === 0 ? from ?? dir : dir,
    async undo() {
      await joined?.undo();
      if (before) await writeManifest(files, dir, before);
    },
    async wipe() {
      if (!wiped) return;
      for await (const { name } of files.readDir(dir)) {
        if (name === "meta.yaml" || /^(tp\d+|steps-\w+)$/.test(name)) {
          await files.remove(`${dir}/${name}`, { recursive: true });
        }
      }
    },
  };
}

/** Adds what a folder's journal lacks of another one. Needs read and write permission. */
async function joinTo(
  files: RunContext["files"],
  dir: string,
  own: Journal,
  other: Journal,
): Promise<{ journal: Journal; undo(): Promise<void> }> {
  const { text } = joinJournals([own, other]);
  const journal = journalOf(text);
  if (journal.shots.length <= own.shots.length) return { journal: own, undo: async () => {} };
  const path = `${dir}/${JOURNAL_NAME}`;
  const before = await files.readFile(path).catch(() => undefined);
  await writeWhole(files, path, text);
  return {
    journal,
    undo: () => before ? writeWhole(files, path, before) : files.remove(path),
  };
}

/** Another sweep's journal: what counts of it, and its whole lines. */
async function takeOver(
  files: RunContext["files"],
  from: string,
  check: CheckJournal,
): Promise<{ journal: Journal; bytes: Uint8Array<ArrayBuffer> }> {
  const bytes = await files.readFile(`${from}/${JOURNAL_NAME}`).catch(() => undefined);
  if (!bytes) {
    throw new UsageError(
      `Cannot run sweep: --resume-from "${from}" holds no ${JOURNAL_NAME}; give the folder of a sweep ` +
        "that vscope has measured",
    );
  }
  const journal = parseJournal(bytes);
  check(journal, from);
  return { journal, bytes: bytes.slice(0, journal.wholeBytes) };
}

/** FORCE alone means everything; with a choice of categories it means those. */
function wipes(
  { force, only, onlySkew, skipSkew }: Parameters<typeof openFolder>[2],
): boolean {
  return force && only === undefined && !onlySkew && !skipSkew;
}
