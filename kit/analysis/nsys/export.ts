/**
 * An export of Nsight Systems: which of its tables are there, and its texts.
 *
 * Names of tables and columns are those of nsys 2023 to 2026. What a release lacks is not asked for:
 * every column is looked up before it is read.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { RunError } from "../../contract/errors.ts";
import type { ReadOptions } from "../capture/reader.ts";
import type { Names } from "../activity/names.ts";
import type { Cursor } from "./sqlite/cursor.ts";
import { Database } from "./sqlite/database.ts";
import { DamagedDatabase } from "./sqlite/errors.ts";

/** Leaves between two looks at the signal and two words of progress. */
const TURNS_OF_LOOK = 1024;

/** Tables of an export that are read, under names of our own. */
export const TABLES = {
  kernels: "CUPTI_ACTIVITY_KIND_KERNEL",
  graphs: "CUPTI_ACTIVITY_KIND_GRAPH_TRACE",
  copies: "CUPTI_ACTIVITY_KIND_MEMCPY",
  fills: "CUPTI_ACTIVITY_KIND_MEMSET",
  calls: "CUPTI_ACTIVITY_KIND_RUNTIME",
  driverCalls: "CUPTI_ACTIVITY_KIND_DRIVER",
  ranges: "NVTX_EVENTS",
  strings: "StringIds",
  processes: "PROCESSES",
  gpus: "TARGET_INFO_GPU",
  gpusOfOld: "TARGET_INFO_CUDA_GPU",
  cudaDevices: "TARGET_INFO_CUDA_DEVICE",
  diagnostics: "DIAGNOSTIC_EVENT",
  exportFacts: "META_DATA_EXPORT",
} as const;

/** An open export. */
export class NsysExport implements Disposable {
  #strings: Cursor | undefined;
  #numbers = new Map<number, number>();
  #turns = 0;
  /** Rows of large tables that were read. */
  rows = 0;

  private constructor(
    private readonly path: string,
    private readonly database: Database,
    private readonly names: Names,
    private readonly options: ReadOptions,
  ) {}

  /**
   * Opens an export.
   *
   * @throws DamagedDatabase when the file is no whole database, or no export of nsys.
   */
  static async open(
    files: FileSystem,
    path: string,
    names: Names,
    options: ReadOptions,
  ): Promise<NsysExport> {
    const database = await Database.open(files, path);
    const { strings, ...others } = TABLES;
    const table = database.table(strings);
    if (!table || !Object.values(others).some((name) => database.table(name))) {
      database[Symbol.dispose]();
      throw new DamagedDatabase("it is a SQLite database, but none that nsys exported");
    }
    const found = new NsysExport(path, database, names, options);
    found.#strings = database.cursor(table, ["id", "value"]);
    if (table.columns.names[table.columns.rowid] !== "id") await found.#readAllStrings();
    return found;
  }

  /** Whether the file is longer than it says of itself. */
  get isLonger(): boolean {
    return this.database.isLonger;
  }

  /** The columns of a table that are there; nothing where there is no such table. */
  columns(table: string): readonly string[] | undefined {
    return this.database.table(table)?.columns.names;
  }

  /**
   * The rows of a table; a column that is not there is NaN.
   *
   * @throws DamagedDatabase when one of the first `needed` columns is not there.
   */
  cursor(table: string, columns: readonly string[], needed: number): Cursor | undefined {
    const found = this.database.table(table);
    if (!found) return undefined;
    for (const column of columns.slice(0, needed)) {
      if (!this.database.has(table, column)) {
        throw new DamagedDatabase(`its table ${table} has no column ${column}`);
      }
    }
    return this.database.cursor(found, columns);
  }

  /** Goes on to the next leaf of a table; in a while says how far the reading is. */
  async turn(cursor: Cursor): Promise<boolean> {
    if (++this.#turns % TURNS_OF_LOOK === 0) {
      const { signal, progress } = this.options;
      if (signal?.aborted) throw new RunError(`Stopped reading "${this.path}"`);
      progress?.(`${this.path}: ${this.rows.toLocaleString("en")} rows`);
    }
    return await cursor.turn();
  }

  /** The name of a text's number, where it has been asked for before. */
  known(id: number): number | undefined {
    return this.#numbers.get(id);
  }

  /** The name of a text's number. */
  async name(id: number): Promise<number> {
    const known = this.#numbers.get(id);
    if (known !== undefined) return known;
    const strings = this.#strings!;
    const text = Number.isInteger(id) && await strings.seek(id) ? strings.row.text(1) : undefined;
    const name = this.names.idOf(text ?? `(text ${id} is missing)`);
    this.#numbers.set(id, name);
    return name;
  }

  /** Where texts are not found by their number, all of them are read once. */
  async #readAllStrings(): Promise<void> {
    const strings = this.#strings!;
    while (strings.step() || await this.turn(strings)) {
      this.#numbers.set(strings.row.values[0]!, this.names.idOf(strings.row.text(1) ?? ""));
    }
  }

  [Symbol.dispose](): void {
    this.database[Symbol.dispose]();
  }
}
