/**
 * The folder of a sweep: new, or one to go on with.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";
import { makeBundleFolder } from "../../bundle/bundle_folder.ts";
import { isAlive } from "../../bundle/liveness.ts";
import type { Manifest } from "../../bundle/manifest.ts";
import { readManifest, writeManifest } from "../../bundle/manifest_file.ts";
import {
  type Journal,
  JOURNAL_NAME,
  parseJournal,
  readJournal,
} from "../../sweep/measure/journal.ts";
import type { SweepValues } from "../../sweep/options.ts";

/** A folder that was opened. */
export interface OpenedFolder {
  /** What counts of its journal. */
  readonly journal: Journal;
  /** The manifest that was there. */
  readonly before?: Manifest;
  /** Removes what FORCE is to measure again. Called once an engine is up, and nothing before. */
  wipe(): Promise<void>;
}

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
  values: Pick<SweepValues, "force" | "only" | "onlySkew" | "skipSkew"> & {
    /** Absolute. */
    readonly resumeFrom?: string | undefined;
  },
  manifest: Manifest,
  check: (journal: Journal) => void,
): Promise<OpenedFolder> {
  const there = await files.stat(`${dir}/${JOURNAL_NAME}`).catch(() => undefined);
  const before = await readManifest(files, dir);
  if (before?.open_by && before.status === undefined && await isAlive(files, before.open_by)) {
    throw new UsageError(
      `Cannot run sweep: another vscope (process ${before.open_by.pid}) is measuring to "${dir}"; ` +
        "wait for it, or give another --out",
    );
  }
  const taken = there || values.resumeFrom === undefined
    ? undefined
    : await takeOver(files, values.resumeFrom, check);
  if (!there && before?.recipe !== "sweep") {
    await makeBundleFolder(files, dir, "a sweep", "--out", async () => {
      await files.mkdir(`${dir}/logs`);
      if (taken) await files.writeFile(`${dir}/${JOURNAL_NAME}`, taken);
      await writeManifest(files, dir, manifest);
    });
    return { journal: await readJournal(files, dir), wipe: async () => {} };
  }
  const wiped = wipes(values);
  const journal = wiped ? parseJournal(new Uint8Array()) : await readJournal(files, dir);
  check(journal);
  await files.mkdir(`${dir}/logs`, { recursive: true });
  // It keeps the tables of TP degrees that this run does not ask for, and what is known of their engines.
  if (before && !wiped) Object.assign(manifest.engine, before.engine);
  await writeManifest(files, dir, manifest);
  return {
    journal,
    ...(before ? { before } : {}),
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

/** The whole lines of another sweep's journal. */
async function takeOver(
  files: RunContext["files"],
  from: string,
  check: (journal: Journal) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await files.readFile(`${from}/${JOURNAL_NAME}`).catch(() => undefined);
  if (!bytes) {
    throw new UsageError(
      `Cannot run sweep: --resume-from "${from}" holds no ${JOURNAL_NAME}; give the folder of a sweep ` +
        "that vscope has measured",
    );
  }
  const journal = parseJournal(bytes);
  check(journal);
  return bytes.slice(0, journal.wholeBytes);
}

/** FORCE alone means everything; with a choice of categories it means those. */
function wipes(
  { force, only, onlySkew, skipSkew }: Parameters<typeof openFolder>[2],
): boolean {
  return force && only === undefined && !onlySkew && !skipSkew;
}
