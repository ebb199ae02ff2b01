/**
 * Fits every TP degree of a sweep, and writes or compares what came of it.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { messageOf, RunError, UsageError } from "../../contract/errors.ts";
import { requireOwnFolders, writeWhole } from "../../bundle/files/whole_file.ts";
import { loadYaml } from "../../deps.ts";
import { part, readMeta, sweepDegrees } from "../sweep_folder.ts";
import { readTable } from "../table.ts";
import { fitSkew, type SkewFit } from "./fit.ts";
import { axesOfMeta, fitSummary, skewFitBlock, withSkewFit } from "./fit_meta.ts";
import { differingBuckets, skewFitCsv } from "./skew_fit_csv.ts";
import { skewRows } from "./skew_rows.ts";

/** What came of one TP degree. */
export interface FitOfDegree {
  readonly tp: number;
  readonly fit: SkewFit;
  /** Buckets that the `skew_fit.csv` which was there has differently. */
  readonly differing: number;
  /** Keys of meta's entry for this degree that say something else; none where meta has no fit. */
  readonly metaDiffering: readonly string[];
}

/** Fits of a sweep. */
export interface BundleFit {
  readonly degrees: readonly FitOfDegree[];
  /** TP degrees whose skew.csv has no row with an alpha. */
  readonly without: readonly number[];
  /** Whether `meta.yaml` is there, and says that there is a fit. */
  readonly meta: "absent" | "disabled" | "enabled";
}

/**
 * Fits a sweep; with `write` the files are written, each beside its name and then renamed.
 *
 * Needs read permission, and write permission with `write`.
 *
 * @throws {UsageError} where the folder is no sweep, has no skew.csv, or one cannot be read.
 * @throws {RunError} where a file cannot be written; those before it have been.
 */
export async function fitBundle(
  files: FileSystem,
  dir: string,
  { write }: { write: boolean },
): Promise<BundleFit> {
  const folders = await sweepDegrees(files, dir, "fit");
  const meta = await readMeta(files, dir);
  const degrees: FitOfDegree[] = [];
  const without: number[] = [];
  const texts = new Map<string, string>();
  for (const tp of folders) {
    const path = `${dir}/tp${tp}/skew.csv`;
    const table = await readTable(files, path);
    if (!table) continue;
    const fit = fitSkew(skewRows(path, table));
    if (!fit) {
      without.push(tp);
      continue;
    }
    const target = `${dir}/tp${tp}/skew_fit.csv`;
    const there = await readTable(files, target);
    degrees.push({
      tp,
      fit,
      differing: differingBuckets(fit, there),
      metaDiffering: differingMeta(meta?.values["skew_fit"], tp, fit),
    });
    texts.set(target, skewFitCsv(fit, there?.newline ?? await newlineOf(files, `${dir}/tp${tp}`)));
  }
  if (degrees.length === 0 && without.length === 0) {
    throw new UsageError(
      `Cannot fit "${dir}": none of ${folders.map((tp) => `tp${tp}`).join(", ")} has a skew.csv; ` +
        "it is written by a sweep without SKIP_SKEW",
    );
  }
  if (meta) {
    const block = skewFitBlock(new Map(degrees.map(({ tp, fit }) => [tp, fit])));
    const text = withSkewFit(meta.text, block);
    await sameOtherwise(dir, meta.values, text);
    texts.set(`${dir}/meta.yaml`, text);
  }
  if (write) {
    await requireOwnFolders(files, dir, (name) => /^tp\d+$/.test(name));
    for (const [path, text] of texts) await replaceFile(files, path, text);
  }
  const enabled = part(meta?.values, "skew_fit")["enabled"] === true;
  return { degrees, without, meta: !meta ? "absent" : enabled ? "enabled" : "disabled" };
}

/** A file is whole whenever it is read, and nothing is left beside it where writing fails. */
async function replaceFile(files: FileSystem, path: string, text: string): Promise<void> {
  try {
    await writeWhole(files, path, text);
  } catch (error) {
    throw new RunError(`Cannot write ${path}: ${messageOf(error)}`);
  }
}

/** How the lines of the folder's other tables end. */
async function newlineOf(files: FileSystem, folder: string): Promise<"\n" | "\r\n" | undefined> {
  return (await readTable(files, `${folder}/attention.csv`) ??
    await readTable(files, `${folder}/dense.csv`))?.newline;
}

/** Keys of meta that say something else than the fit. */
export function differingMeta(block: unknown, tp: number, fit: SkewFit): string[] {
  const entry = part(part({ block }, "block"), "per_tp")[tp];
  if (part({ block }, "block")["enabled"] !== true || typeof entry !== "object") return [];
  const said = entry as Record<string, unknown>;
  const differing = Object.entries(fitSummary(fit))
    .filter(([key, value]) => said[key] !== value).map(([key]) => key);
  const axes = said["bucket_axes"] ?? part({ block }, "block")["bucket_axes"];
  const { pc: _, ...own } = axesOfMeta(fit.axes);
  const { pc: __, ...others } = (axes ?? {}) as Record<string, unknown>;
  if (axes !== undefined && JSON.stringify(own) !== JSON.stringify(others)) {
    differing.push("bucket_axes");
  }
  return differing;
}

/** A meta in an unusual form is not written over with something that reads otherwise. */
async function sameOtherwise(
  dir: string,
  before: Readonly<Record<string, unknown>>,
  text: string,
): Promise<void> {
  const { load } = await loadYaml();
  const without = (values: unknown) =>
    JSON.stringify({ ...(values as Record<string, unknown>), skew_fit: null });
  let same = false;
  try {
    same = without(load(text)) === without({ ...before, skew_fit: null });
  } catch {
    // Told below.
  }
  if (!same) {
    throw new UsageError(
      `Cannot fit "${dir}": meta.yaml is not written in lines of "key: value", so that its ` +
        "skew_fit cannot be replaced; write it in block style",
    );
  }
}
