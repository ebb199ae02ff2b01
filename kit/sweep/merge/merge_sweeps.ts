/**
 * Several sweeps of one kind as one: the union of their rows.
 *
 * @module
 */

import { makeBundleFolder } from "../../bundle/bundle_folder.ts";
import { closeCapture } from "../../bundle/capture_bundle.ts";
import { BUNDLE_SCHEMA_VERSION, type Manifest } from "../../bundle/manifest.ts";
import type { FileSystem } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";
import { VERSION } from "../../contract/version.ts";
import { fitBundle } from "../fit/fit_bundle.ts";
import { JOURNAL_NAME, journalLine } from "../measure/journal.ts";
import { part } from "../sweep_folder.ts";
import { mergedMeta } from "./meta.ts";
import { checkOneKind, type MergeSource, readSource } from "./source.ts";
import { type MergedTable, mergeTables, type OnConflict, tableText } from "./tables.ts";
import { copyFindings, type Owners, ownersOf } from "./validation.ts";

/**
 * Merges sweeps into a new folder, which appears whole or not at all. Needs read and write permission.
 *
 * @throws {UsageError} where they are not of one kind, a row has other times in two of them and
 * `onConflict` is `refuse`, or the folder holds something.
 */
export async function mergeSweeps(
  files: FileSystem,
  dirs: readonly string[],
  out: string,
  onConflict: OnConflict,
  now: Date,
): Promise<Manifest> {
  const twice = dirs.find((dir, place) => dirs.indexOf(dir) !== place);
  if (twice !== undefined) {
    throw new UsageError(`Cannot merge "${twice}" with itself: give it once`);
  }
  const sources = await Promise.all(dirs.map((dir) => readSource(files, dir)));
  checkOneKind(sources);
  const tables = mergeTables(sources, onConflict);
  const owners = ownersOf(sources, tables);
  const meta = await mergedMeta(sources, tables, owners);
  await makeBundleFolder(files, out, "a merged sweep", "--out", () => Promise.resolve());
  const work = `${out}.${Deno.pid}.tmp`;
  try {
    await files.mkdir(work);
    for (const table of tables) {
      await files.mkdir(`${work}/tp${table.tp}`, { recursive: true });
      await files.writeTextFile(`${work}/${table.path}.csv`, tableText(table));
    }
    await copyFindings(files, owners, work);
    await files.writeTextFile(`${work}/meta.yaml`, meta);
    if (tables.some(({ name, rows }) => name === "skew" && rows.length > 0)) {
      await fitBundle(files, work, { write: true });
    }
    const journal = journalOf(sources, onConflict);
    if (journal !== undefined) await files.writeTextFile(`${work}/${JOURNAL_NAME}`, journal);
    const manifest = manifestOf(sources, tables, owners, journal !== undefined, now);
    const status = sources.some((source) => (source.manifest?.status ?? "complete") !== "complete")
      ? "partial"
      : "complete";
    await closeCapture(files, work, manifest, { status, endedAt: now });
    await files.rename(work, out);
    return manifest;
  } catch (error) {
    await files.remove(work, { recursive: true }).catch(() => {});
    throw error;
  }
}

/**
 * One journal, with which `vscope sweep` goes on; undefined where a sweep has none, or measured some
 * categories anew, which would discard what others have of them. Of two shots of one key the later line
 * counts.
 */
function journalOf(sources: readonly MergeSource[], onConflict: OnConflict): string | undefined {
  const usable = sources.every(({ journal }) =>
    journal && journal.sweeps.length > 0 &&
    journal.sweeps.every(({ forced }) => forced.length === 0)
  );
  if (!usable) return undefined;
  const order = onConflict === "last" ? sources : sources.toReversed();
  let number = 0;
  return order.flatMap(({ journal }) => {
    const numbers = new Map(journal!.sweeps.map(({ sweep }) => [sweep, ++number]));
    return [
      ...journal!.sweeps.map((line) => journalLine({ ...line, sweep: numbers.get(line.sweep)! })),
      ...journal!.shots.flatMap((line) => {
        const sweep = numbers.get(line.s);
        return sweep === undefined ? [] : [journalLine({ ...line, s: sweep })];
      }),
    ];
  }).join("");
}

function manifestOf(
  sources: readonly MergeSource[],
  tables: readonly MergedTable[],
  owners: Owners,
  journal: boolean,
  now: Date,
): Manifest {
  const manifests = sources.flatMap(({ manifest }) => manifest ?? []);
  const [first] = manifests;
  const devices = new Map(
    manifests.flatMap((one) => one.devices).map((device) => [JSON.stringify(device), device]),
  );
  const rows = (place: number) =>
    tables.reduce(
      (sum, table) => sum + table.rows.filter(({ source }) => source === place).length,
      0,
    );
  return {
    schema_version: BUNDLE_SCHEMA_VERSION,
    recipe: "sweep",
    started_at: manifests.map(({ started_at }) => started_at).toSorted()[0] ?? now.toISOString(),
    contract: {},
    command: [],
    versions: { ...first?.versions, vscope: VERSION, deno: Deno.version.deno },
    devices: [...devices.values()],
    engine: Object.assign(
      {},
      ...manifests.map(({ engine }) => engine),
      ...[...owners].map(([tp, { manifest }]) => engineAt(manifest, tp)),
    ),
    processes: [],
    hooks: [],
    dropped: {},
    artifacts: [],
    notes: [
      ...sources.map(({ dir }, place) => ({
        severity: "info" as const,
        message: `${rows(place)} rows are from ${dir}`,
      })),
      ...lostFindings(sources, tables, owners),
      ...(journal ? [] : [{
        severity: "info" as const,
        message: `There is no ${JOURNAL_NAME}: a sweep of these cannot be gone on with`,
      }]),
    ],
  };
}

/** TP degrees of which held-out batches tell nothing any more. */
function lostFindings(
  sources: readonly MergeSource[],
  tables: readonly MergedTable[],
  owners: Owners,
): Manifest["notes"] {
  const lost = [...new Set(tables.map(({ tp }) => tp))].filter((tp) =>
    !owners.has(tp) &&
    sources.some(({ meta }) => part(part(meta, "validation"), "per_tp")[tp] !== undefined)
  );
  return lost.map((tp) => ({
    severity: "info",
    message:
      `TP degree ${tp}: its rows are from several sweeps, and what held-out batches told of each is left out`,
  }));
}

/** What a manifest tells of the engine of a TP degree. */
function engineAt(manifest: Manifest | undefined, tp: number): Manifest["engine"] {
  const engine = manifest?.engine[`tp${tp}`];
  return engine === undefined ? {} : { [`tp${tp}`]: engine };
}
