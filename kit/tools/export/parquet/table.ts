/**
 * A table of a session as a Parquet file.
 *
 * @module
 */

import { readCsv } from "../../../bundle/files/csv_file.ts";
import { type Column, SESSION_COLUMNS } from "../../../bundle/session/session_columns.ts";
import type { RunContext } from "../../../contract/context.ts";
import { RunError } from "../../../contract/errors.ts";
import { VERSION } from "../../../contract/version.ts";
import { loadParquetWriter } from "../../../deps.ts";
import type { SessionSource, SourceTable } from "../session_source.ts";
import { Guess, type Value, valueOf } from "./cells.ts";
import { openParquet } from "./file_writer.ts";

/** Rows that are in memory at once: as many as a row group has. */
const GROUP_ROWS = 1 << 16;

/** The library's name of each type. */
const TYPES = { integer: "INT64", number: "DOUBLE", boolean: "BOOLEAN", text: "STRING" } as const;

/** What was written. */
export interface Written {
  readonly rows: number;
  readonly bytes: number;
}

/**
 * Writes a table. An empty cell, and one that is not of its column's type, is null; the latter are
 * counted and told. Needs read permission on the bundle, and write permission on `out`.
 */
export async function writeTable(
  context: RunContext,
  source: SessionSource,
  table: SourceTable,
  out: string,
): Promise<Written> {
  const { files, output } = context;
  const path = `${source.dir}/${table.path}`;
  const declared = table.columns?.map((column) => [column.name, column] as const);
  const columns = declared
    ? new Map<string, Column>(declared)
    : table.known
    ? undefined
    : await guessColumns(context, path);
  const stream = await readCsv(files, path);
  if (!stream) throw new RunError(`Cannot export "${path}": it has no header`);
  const { header } = stream;
  const kinds = header.map((name) => columns?.get(name) ?? SESSION_COLUMNS[name] ?? TEXT);
  const misfits = header.map(() => 0);
  const library = await loadParquetWriter();
  const file = await openParquet(library, files, out);
  try {
    const shape = header.map((name, place) => ({ name, type: TYPES[kinds[place]!.type] }));
    const writer = new library.ParquetWriter({
      writer: file.buffer,
      schema: library.schemaFromColumnData({
        columnData: shape.map((column) => ({ ...column, data: [] })),
      }),
      kvMetadata: metadata(source, table, header, kinds),
      createdBy: `vscope version ${VERSION}`,
    });
    let rows = 0;
    let group: Value[][] = header.map(() => []);
    const put = async () => {
      const columnData = shape.map((column, place) => ({ ...column, data: group[place]! }));
      group = header.map(() => []);
      await writer.write({ columnData, rowGroupSize: GROUP_ROWS });
    };
    for await (const batch of stream.batches) {
      context.signal.throwIfAborted();
      for (const row of batch) {
        for (const [place, { type }] of kinds.entries()) {
          const value = valueOf(type, row[place] ?? "");
          if (value === undefined) misfits[place]!++;
          group[place]!.push(value ?? null);
        }
        if (++rows % GROUP_ROWS === 0) await put();
      }
    }
    if (rows % GROUP_ROWS !== 0) await put();
    await writer.finish();
    const bytes = await file.close();
    for (const [place, count] of misfits.entries()) {
      if (count === 0) continue;
      output.warn(
        `${table.path}: ${count} cells of ${header[place]} are no ${kinds[place]!.type}, and null`,
      );
    }
    if (stream.cut.lines > 0) {
      output.warn(`The last line of ${table.path} has no end and was left out`);
    }
    return { rows, bytes };
  } catch (error) {
    await file.abandon();
    throw error;
  }
}

const TEXT: Column = { type: "text" };

/** A table that we do not know is read twice: first for its types. */
async function guessColumns(
  { files }: RunContext,
  path: string,
): Promise<Map<string, Column>> {
  const stream = await readCsv(files, path);
  const guesses = (stream?.header ?? []).map((name) => ({ name, guess: new Guess() }));
  for await (const batch of stream?.batches ?? []) {
    for (const row of batch) {
      for (const [place, { guess }] of guesses.entries()) guess.take(row[place] ?? "");
    }
  }
  return new Map(guesses.map(({ name, guess }) => [name, { type: guess.type() }]));
}

/** What stands in the file beside the rows; all values are text. */
function metadata(
  { manifest, name }: SessionSource,
  table: SourceTable,
  header: readonly string[],
  kinds: readonly Column[],
): { key: string; value: string }[] {
  const units = header.flatMap((column, place) => {
    const unit = kinds[place]!.unit;
    return unit === undefined ? [] : [[column, unit] as const];
  });
  return Object.entries({
    "vscope.table": table.name,
    "vscope.schema": table.known?.schema,
    "vscope.row": table.known?.row,
    "vscope.units": JSON.stringify(Object.fromEntries(units)),
    "vscope.session": name,
    "vscope.session_started_at": manifest.started_at,
    "vscope.recipe": manifest.recipe,
    "vscope.status": manifest.status,
    "vscope.vllm": manifest.versions.vllm,
    "vscope.dropped_rows": manifest.dropped[table.name]?.toString(),
  }).flatMap(([key, value]) => value === undefined ? [] : [{ key, value }]);
}
