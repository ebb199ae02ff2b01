/**
 * A sweep as lint looks at it: all of its tables, with their cells as numbers.
 *
 * @module
 */

import type { Manifest } from "../../bundle/manifest.ts";
import { readManifest } from "../../bundle/manifest_file.ts";
import type { FileSystem } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";
import type { LintFinding } from "./finding.ts";
import { type Architecture, findArchitecture } from "../model/architecture.ts";
import { type Meta, part, type Reading, readMeta, sweepDegrees } from "../sweep_folder.ts";
import { SWEEP_TABLES, TABLE_NAMES, type TableName } from "../sweep_tables.ts";
import { numberIn, readTable } from "../table.ts";

/** A row. */
export interface LintRow {
  readonly line: number;
  /** Its layer; "" in a table without layers. */
  readonly layer: string;
  /** The text of a cell. */
  cell(column: string): string;
  /** The number in a cell; NaN where it is empty or no number. */
  value(column: string): number;
  /** The cells of the key, as one text; equal numbers are equal. */
  readonly key: string;
}

/** A table of one TP degree. */
export interface LintTable {
  readonly name: TableName;
  readonly tp: number;
  /** Relative to the sweep's folder. */
  readonly file: string;
  readonly header: readonly string[];
  readonly rows: readonly LintRow[];
}

/** A sweep. */
export interface LintSubject {
  readonly dir: string;
  readonly meta?: Meta;
  /** Where there is one that can be read. */
  readonly manifest?: Manifest;
  /** Where meta names one that is known. */
  readonly architecture?: Architecture;
  readonly degrees: readonly number[];
  readonly tables: readonly LintTable[];
}

/** Looks at one thing. */
export type LintRule = (subject: LintSubject) => readonly LintFinding[];

/**
 * Reads a sweep. Needs read permission.
 *
 * @throws {UsageError} where the folder is no sweep.
 */
export async function readSubject(
  files: FileSystem,
  dir: string,
  cwd: string,
): Promise<LintSubject> {
  const degrees = await sweepDegrees(files, dir, "lint");
  const meta = await readMeta(files, dir);
  const tables: LintTable[] = [];
  for (const tp of degrees) {
    for (const name of TABLE_NAMES) {
      const file = `tp${tp}/${name}.csv`;
      const table = await readTable(files, `${dir}/${file}`);
      if (!table) continue;
      const places = new Map(table.header.map((column, place) => [column, place]));
      const { key } = SWEEP_TABLES[name];
      const rows = table.rows.map(({ line, cells }): LintRow => {
        const cell = (column: string) => cells[places.get(column) ?? -1] ?? "";
        const value = (column: string) => numberIn(cell(column)) ?? NaN;
        return {
          line,
          layer: cell("layer"),
          cell,
          value,
          key: key.map((column) => column === "layer" ? cell(column) : value(column)).join(","),
        };
      });
      tables.push({ name, tp, file, header: table.header, rows });
    }
  }
  const architecture = await architectureOf(files, cwd, meta);
  const manifest = await manifestOf(files, dir);
  return {
    dir,
    degrees,
    tables,
    ...(manifest ? { manifest } : {}),
    ...(meta ? { meta } : {}),
    ...(architecture ? { architecture } : {}),
  };
}

/** A damaged one is told by bundle validate. */
async function manifestOf(files: FileSystem, dir: string): Promise<Manifest | undefined> {
  try {
    return await readManifest(files, dir);
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

async function architectureOf(
  files: Reading,
  cwd: string,
  meta: Meta | undefined,
): Promise<Architecture | undefined> {
  const name = meta?.values["architecture"];
  if (typeof name !== "string" || !/^[\w.-]+$/.test(name)) return undefined;
  try {
    return await findArchitecture(files, cwd, name);
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

/** A table of a TP degree. */
export function tableOf(
  { tables }: LintSubject,
  name: TableName,
  tp: number,
): LintTable | undefined {
  return tables.find((table) => table.name === name && table.tp === tp);
}

/** Columns of the key that a table does not have. */
export function lackingKey({ name, header }: LintTable): string[] {
  return SWEEP_TABLES[name].key.filter((column) => !header.includes(column));
}

/** The tables whose rows tell what they are of; of the others missing-layers tells. */
export function keyed({ tables }: LintSubject): LintTable[] {
  return tables.filter((table) => lackingKey(table).length === 0);
}

/** A number of meta's, as `engine_effective.max_num_seqs`. */
export function metaNumber(
  { meta }: LintSubject,
  section: string,
  key: string,
): number | undefined {
  const value = part(meta?.values, section)[key];
  return typeof value === "number" ? value : undefined;
}
