/**
 * CSV files as streams of rows, for tables of any length.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { loadCsv } from "../../deps.ts";
import { safeCell } from "./safe_cell.ts";
import { openUnfinished, unfinished } from "./whole_file.ts";

/** A table that is being read: its header, then its rows in batches. */
export interface CsvStream {
  header: string[];
  batches: AsyncIterable<string[][]>;
  /** Set once the end was reached and the last line had no end: the writer was killed. */
  cut: { lines: number };
}

/**
 * Opens a CSV file. A last line without its newline is left out and counted in `cut`.
 *
 * @returns nothing when the file is missing or has no header yet. Needs read permission.
 */
export async function readCsv(files: FileSystem, path: string): Promise<CsvStream | undefined> {
  const papa = await loadCsv();
  const cut = { lines: 0 };
  const blocks = lineBlocks(files, path, cut);
  let first: IteratorResult<string>;
  try {
    first = await blocks.next();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  if (first.done) return undefined;
  const parse = (text: string): string[][] =>
    papa.parse(text, { skipEmptyLines: true, delimiter: "," }).data;
  const [header, ...rows] = parse(first.value);
  if (header === undefined) return undefined;
  async function* batches(): AsyncGenerator<string[][]> {
    if (rows.length > 0) yield rows;
    for await (const block of blocks) yield parse(block);
  }
  return { header, batches: batches(), cut };
}

/**
 * The text of a file in blocks of whole lines, each with its end. A last line without one is left
 * out and counted in `cut`. Needs read permission.
 */
export async function* lineBlocks(
  files: FileSystem,
  path: string,
  cut: { lines: number },
): AsyncGenerator<string> {
  using file = await files.open(path, { read: true });
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(1 << 18);
  let rest = "";
  for (;;) {
    const count = await file.read(buffer);
    if (count === null) break;
    const text = rest + decoder.decode(buffer.subarray(0, count), { stream: true });
    const end = text.lastIndexOf("\n") + 1;
    rest = text.slice(end);
    if (end > 0) yield text.slice(0, end);
  }
  if (rest !== "") cut.lines++;
}

/** A row's cells by column name; a column that the file lacks reads as "". */
export function columnReader(header: readonly string[]): (row: string[], column: string) => string {
  const places = new Map(header.map((name, place) => [name, place]));
  return (row, column) => row[places.get(column) ?? -1] ?? "";
}

/** Writes a CSV file beside its name and renames it when `close` is called. */
export class CsvWriter {
  #file: Deno.FsFile | undefined;
  #lines: string[] = [];
  rows = 0;

  private constructor(
    private readonly files: FileSystem,
    private readonly path: string,
    file: Deno.FsFile,
  ) {
    this.#file = file;
  }

  static async create(
    files: FileSystem,
    path: string,
    header: readonly string[],
  ): Promise<CsvWriter> {
    const file = await openUnfinished(files, path);
    const writer = new CsvWriter(files, path, file);
    writer.#lines.push(header.join(","));
    return writer;
  }

  /** Adds a row; undefined is an empty cell. */
  async add(row: readonly (string | number | undefined)[]): Promise<void> {
    this.rows++;
    this.#lines.push(row.map(cell).join(","));
    if (this.#lines.length >= 4096) await this.#flush();
  }

  async #flush(): Promise<void> {
    let data = new TextEncoder().encode(this.#lines.join("\n") + "\n");
    this.#lines = [];
    try {
      while (data.length > 0) data = data.subarray(await this.#file!.write(data));
    } catch (error) {
      // Half a table is of no use, and what keeps the disk full may be its own size.
      this.#file!.close();
      await this.files.remove(unfinished(this.path));
      throw error;
    }
  }

  async close(): Promise<void> {
    if (this.#lines.length > 0) await this.#flush();
    this.#file!.close();
    this.#file = undefined;
    await this.files.rename(unfinished(this.path), this.path);
  }
}

function cell(value: string | number | undefined): string {
  if (value === undefined) return "";
  const text = safeCell(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
