/**
 * The tables of a TP degree as predictions read them: curves along the last axis.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";
import { roundHalfEven } from "../rounding.ts";
import type { Reading } from "../sweep_folder.ts";
import { SWEEP_TABLES, type TableName } from "../sweep_tables.ts";
import { numberIn, readTable } from "../table.ts";
import type { Curve } from "./curve.ts";

/** Times over the histories of prefill and decodes, for one chunk and one number of decodes. */
export interface Slice {
  /** Tokens of the prefill's history, rising. */
  readonly histories: readonly number[];
  /** Over the decodes' history, one for each prefill history. */
  readonly rows: readonly Curve[];
}

/** `attention.csv`. */
export interface AttentionTable {
  /** Tokens of the prefill chunk, rising. */
  readonly chunks: readonly number[];
  /** Numbers of decodes, rising. */
  readonly decodes: readonly number[];
  /** Pairs of both that were measured, rising. */
  readonly pairs: readonly (readonly [chunk: number, decodes: number])[];
  slice(chunk: number, decodes: number): Slice | undefined;
}

/** `moe.csv`. */
export interface MoeTable {
  /** Experts that were used, rising. */
  readonly experts: readonly number[];
  /** Over tokens, one for each number of experts. */
  readonly rows: readonly Curve[];
}

/** What one TP degree has; a table that is not there is absent. */
export interface PerfTables {
  readonly dense?: ReadonlyMap<string, Curve>;
  readonly perSequence?: ReadonlyMap<string, Curve>;
  readonly attention?: AttentionTable;
  readonly moe?: MoeTable;
}

/** What a time of a table becomes. Both are in ns. */
export type Unit = (us: number) => number;

/** As LLMServingSim keeps them: whole nanoseconds, one at least. */
export const wholeNanoseconds: Unit = (us) => Math.max(1, roundHalfEven(us * 1000));

/** As they were measured. */
export const nanoseconds: Unit = (us) => us * 1000;

/** A row of a table: its layer ("" where the table has none), its key and its time. */
export interface PerfRow {
  readonly layer: string;
  readonly key: readonly number[];
  readonly us: number;
}

/**
 * The rows of a table; nothing where there is no file. Needs read permission.
 *
 * @throws {UsageError} where a column is missing, or a cell is no number.
 */
export async function perfRows(
  files: Reading,
  path: string,
  name: Exclude<TableName, "skew">,
): Promise<readonly PerfRow[] | undefined> {
  const table = await readTable(files, path);
  if (!table) return undefined;
  const { key } = SWEEP_TABLES[name];
  const places = [...key, "time_us"].map((column) => table.header.indexOf(column));
  const missing = [...key, "time_us"].filter((_, at) => places[at]! < 0);
  if (missing.length > 0) {
    throw new UsageError(
      `Cannot predict from ${path}: it lacks the columns ${missing.join(", ")}; give a sweep of ` +
        "vscope's or of LLMServingSim's profiler",
    );
  }
  const layered = (key as readonly string[])[0] === "layer";
  return table.rows.map(({ line, cells }) => {
    const numbers = places.slice(layered ? 1 : 0).map((place, at) => {
      const value = numberIn(cells[place]);
      if (value !== undefined && Number.isFinite(value) && value >= 0) return value;
      throw new UsageError(
        `Cannot predict from ${path}: line ${line} has ${JSON.stringify(cells[place] ?? "")} as ` +
          `${[...key, "time_us"][at + (layered ? 1 : 0)]}, which is no number from 0; ` +
          `"vscope bundle lint" lists all of them`,
      );
    });
    const us = numbers.pop()!;
    return { layer: layered ? cells[places[0]!]! : "", key: numbers.map(Math.trunc), us };
  });
}

/** Reads `tp<N>/` of a sweep. Needs read permission. @throws {UsageError} as {@linkcode perfRows}. */
export async function readPerfTables(
  files: Reading,
  folder: string,
  unit: Unit,
): Promise<PerfTables> {
  const [dense, perSequence, attention, moe] = await Promise.all([
    perfRows(files, `${folder}/dense.csv`, "dense"),
    perfRows(files, `${folder}/per_sequence.csv`, "per_sequence"),
    perfRows(files, `${folder}/attention.csv`, "attention"),
    perfRows(files, `${folder}/moe.csv`, "moe"),
  ]);
  return {
    ...(dense ? { dense: byLayer(dense, unit) } : {}),
    ...(perSequence ? { perSequence: byLayer(perSequence, unit) } : {}),
    ...(attention && attention.length > 0 ? { attention: attentionTable(attention, unit) } : {}),
    ...(moe && moe.length > 0 ? { moe: moeTable(moe, unit) } : {}),
  };
}

/** Curves over the last value of the key. Of rows with the same key the first counts. */
export function curveOf(rows: readonly PerfRow[], unit: Unit): Curve {
  const values = new Map<number, number>();
  for (const { key, us } of rows) {
    if (!values.has(key.at(-1)!)) values.set(key.at(-1)!, unit(us));
  }
  const keys = [...values.keys()].sort(rising);
  return { keys, values: keys.map((key) => values.get(key)!) };
}

function byLayer(rows: readonly PerfRow[], unit: Unit): Map<string, Curve> {
  const groups = grouped(rows, ({ layer }) => layer);
  return new Map([...groups].map(([layer, own]) => [layer, curveOf(own, unit)]));
}

/** The table of some rows, of which there is at least one. */
export function attentionTable(rows: readonly PerfRow[], unit: Unit): AttentionTable {
  const slices = new Map<string, Slice>();
  const pairs: [number, number][] = [];
  const axis = (place: number) => [...new Set(rows.map(({ key }) => key[place]!))].sort(rising);
  for (const [name, own] of grouped(rows, ({ key }) => `${key[0]},${key[2]}`)) {
    const { key } = own[0]!;
    pairs.push([key[0]!, key[2]!]);
    const byHistory = grouped(own, (row) => row.key[1]!);
    const histories = [...byHistory.keys()].sort(rising);
    slices.set(name, {
      histories,
      rows: histories.map((history) => curveOf(byHistory.get(history)!, unit)),
    });
  }
  pairs.sort((one, other) => one[0] - other[0] || one[1] - other[1]);
  return {
    chunks: axis(0),
    decodes: axis(2),
    pairs,
    slice: (chunk, decodes) => slices.get(`${chunk},${decodes}`),
  };
}

/** The table of some rows, of which there is at least one. */
export function moeTable(rows: readonly PerfRow[], unit: Unit): MoeTable {
  const groups = grouped(rows, ({ key }) => key[1]!);
  const experts = [...groups.keys()].sort(rising);
  return {
    experts,
    rows: experts.map((count) =>
      curveOf(groups.get(count)!.map((row) => ({ ...row, key: [row.key[0]!] })), unit)
    ),
  };
}

function grouped<K>(rows: readonly PerfRow[], of: (row: PerfRow) => K): Map<K, PerfRow[]> {
  const groups = new Map<K, PerfRow[]>();
  for (const row of rows) {
    const group = groups.get(of(row));
    if (group) group.push(row);
    else groups.set(of(row), [row]);
  }
  return groups;
}

function rising(one: number, other: number): number {
  return one - other;
}
