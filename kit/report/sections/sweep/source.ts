/**
 * What the sections of a sweep's page are made from.
 *
 * @module
 */

import type { FileSystem } from "../../../contract/context.ts";
import { type SkewRow, skewRows } from "../../../sweep/fit/skew_rows.ts";
import { type HeldOut, leaveOneOut } from "../../../sweep/predict/leave_one_out.ts";
import { type PerfRow, perfRows } from "../../../sweep/predict/perf_tables.ts";
import { type Meta, readMeta, sweepDegrees } from "../../../sweep/sweep_folder.ts";
import { numberIn, readTable } from "../../../sweep/table.ts";
import type { BundleSource } from "../../section.ts";

/** Tables with one time in a row. */
export const TIMED = ["dense", "per_sequence", "attention", "moe"] as const;

/** The tables of a TP degree. */
export interface DegreeTables {
  readonly tp: number;
  readonly rows: Readonly<Partial<Record<typeof TIMED[number], readonly PerfRow[]>>>;
  /** Rows with an alpha. */
  readonly skew: readonly SkewRow[];
  /** Longest less shortest time over the time, of rows that tell it, sorted. */
  readonly spreads: readonly number[];
}

/** A sweep. */
export interface SweepData {
  readonly dir: string;
  readonly meta?: Meta;
  readonly degrees: readonly DegreeTables[];
}

/** What a section of this page may use. */
export interface SweepSource extends BundleSource {
  readonly sweep: SweepData;
  /** Another sweep, drawn over it. */
  readonly other?: SweepData;
  readonly held: readonly HeldOut[];
}

/** Reads a sweep. Needs read permission. @throws {UsageError} where the folder is none. */
export async function readSweep(files: FileSystem, dir: string): Promise<SweepData> {
  const meta = await readMeta(files, dir);
  const degrees: DegreeTables[] = [];
  for (const tp of await sweepDegrees(files, dir, "report on")) {
    const folder = `${dir}/tp${tp}`;
    const rows: Partial<Record<typeof TIMED[number], readonly PerfRow[]>> = {};
    const spreads: number[] = [];
    for (const name of TIMED) {
      const found = await perfRows(files, `${folder}/${name}.csv`, name);
      if (!found || found.length === 0) continue;
      rows[name] = found;
      spreads.push(...await spreadsOf(files, `${folder}/${name}.csv`));
    }
    const skew = await readTable(files, `${folder}/skew.csv`);
    degrees.push({
      tp,
      rows,
      skew: skew ? skewRows(`${folder}/skew.csv`, skew) : [],
      spreads: spreads.sort((one, other) => one - other),
    });
  }
  return { dir, degrees, ...(meta ? { meta } : {}) };
}

/** A sweep's own errors. Needs read permission. */
export function readHeldOut(files: FileSystem, dir: string): Promise<readonly HeldOut[]> {
  return leaveOneOut(files, dir);
}

async function spreadsOf(files: FileSystem, path: string): Promise<number[]> {
  const table = await readTable(files, path);
  const [time, spread] = ["time_us", "spread_us"].map((name) => table?.header.indexOf(name) ?? -1);
  if (!table || spread! < 0) return [];
  return table.rows.map(({ cells }) => numberIn(cells[spread!])! / numberIn(cells[time!])!)
    .filter(Number.isFinite);
}

/** The same TP degree of the other sweep. */
export function otherDegree({ other }: SweepSource, tp: number): DegreeTables | undefined {
  return other?.degrees.find((degree) => degree.tp === tp);
}

/** How a sweep is called beside another: its hardware and variant, else its folder. */
export function sweepName({ dir, meta }: SweepData): string {
  const said = ["hardware", "model", "variant"].map((key) => meta?.values[key]);
  return said.every((value) => typeof value === "string") ? said.join(" ") : dir;
}
