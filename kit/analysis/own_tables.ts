/**
 * What a report says of the tables that the user's own profilers filled: columns are summed up by what
 * they were declared to be.
 *
 * @module
 */

import type { Manifest } from "../bundle/manifest.ts";
import {
  declaredColumns,
  type OwnColumn,
  type OwnTable,
  presentOwnTables,
} from "../bundle/session/own_tables.ts";
import { Samples, type Statistics } from "../bundle/merge/samples.ts";
import type { FileSystem } from "../contract/context.ts";
import { type Points, Series } from "./downsample.ts";
import { eachRowOf } from "./table_rows.ts";

/** A column of numbers. */
export interface OwnNumbers {
  /** As it was declared. */
  column: OwnColumn;
  /** Absent where no row has a number. */
  statistics?: Statistics;
  /** Over the session's time. */
  points: Points;
}

/** A column of words, or of true and false. */
export interface OwnWords {
  /** As it was declared. */
  column: OwnColumn;
  /** The most frequent ones, with their rows. */
  frequent: { value: string; rows: number }[];
  /** Rows with others. */
  otherRows: number;
}

/** A table of the user's own profiler. */
export interface OwnAnalysis {
  /** As its profiler declared it. */
  table: OwnTable;
  /** Its rows. */
  rows: number;
  /** Last lines that were cut off. */
  cut: number;
  /** Columns of numbers. */
  numbers: OwnNumbers[];
  /** All other columns. */
  words: OwnWords[];
}

/** Different words of a column that are counted; those that come later are others. */
const MOST_WORDS = 1000;
/** Words that are shown. */
const SHOWN_WORDS = 6;

/** Reads the tables that are there. Needs read permission. */
export async function readOwnTables(
  files: FileSystem,
  dir: string,
  manifest: Manifest,
): Promise<OwnAnalysis[]> {
  const found: OwnAnalysis[] = [];
  for (const table of await presentOwnTables(files, dir, manifest.tables)) {
    const columns = declaredColumns(table);
    const isNumber = ({ type }: OwnColumn) => type === "integer" || type === "number";
    const numbers = columns.filter(isNumber).map((column) => ({
      column,
      samples: new Samples(),
      series: new Series(),
    }));
    const words = columns.filter((column) => !isNumber(column)).map((column) => ({
      column,
      counts: new Map<string, number>(),
      others: 0,
    }));
    const read = await eachRowOf(files, `${dir}/${table.path}`, (cell, number) => {
      const at = number("timestamp_sec");
      for (const { column, samples, series } of numbers) {
        samples.add(number(column.name));
        series.add(at, number(column.name));
      }
      for (const one of words) {
        const word = cell(one.column.name);
        if (word === "") continue;
        const known = one.counts.get(word);
        if (known === undefined && one.counts.size >= MOST_WORDS) one.others++;
        else one.counts.set(word, (known ?? 0) + 1);
      }
    });
    found.push({
      table,
      rows: read?.rows ?? 0,
      cut: read?.cut ?? 0,
      numbers: numbers.map(({ column, samples, series }) => {
        const statistics = samples.statistics();
        return { column, points: series.points(), ...(statistics ? { statistics } : {}) };
      }),
      words: words.map(({ column, counts, others }) => {
        const sorted = [...counts].sort(([, a], [, b]) => b - a);
        const rest = sorted.slice(SHOWN_WORDS).reduce((sum, [, rows]) => sum + rows, others);
        return {
          column,
          frequent: sorted.slice(0, SHOWN_WORDS).map(([value, rows]) => ({ value, rows })),
          otherRows: rest,
        };
      }),
    });
  }
  return found;
}
