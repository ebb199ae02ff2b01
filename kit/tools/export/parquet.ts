/**
 * `vscope export parquet`: the tables, typed, with their units.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";
import type { Exported, ExportFormat, ExportJob } from "./format.ts";
import { writeTable, type Written } from "./parquet/table.ts";
import type { SourceTable } from "./session_source.ts";

/** The format. */
const format: ExportFormat = {
  name: "parquet",
  table: "optional",
  suffix: ".parquet",
  async write(job: ExportJob): Promise<Exported> {
    const { source, context } = job;
    const out = job.out!;
    const wanted = source.tables.filter(({ name }) =>
      job.table === undefined || name === job.table
    );
    if (job.table === undefined) await makeFolder(context.files, out, wanted);
    const made: ({ table: string; path: string } & Written)[] = [];
    for (const table of wanted) {
      context.output.progress(`${table.name} …`);
      const path = job.table === undefined ? `${out}/${table.name}.parquet` : out;
      made.push({ table: table.name, path, ...await writeTable(context, source, table, path) });
    }
    const rows = made.reduce((sum, table) => sum + table.rows, 0);
    const bytes = made.reduce((sum, table) => sum + table.bytes, 0);
    const size = `${rows} rows, ${(bytes / 1e6).toFixed(2)} MB`;
    return {
      figures: { tables: made, rows, bytes },
      text: job.table === undefined ? `${made.length} tables, ${size}` : size,
    };
  },
};

export default format;

/** Makes the folder; what lies in it may only be what is written anew. */
async function makeFolder(
  files: FileSystem,
  out: string,
  tables: readonly SourceTable[],
): Promise<void> {
  const found = await files.stat(out).catch(() => undefined);
  if (found && !found.isDirectory) {
    throw new UsageError(`Cannot write the tables to "${out}": it is a file; give a folder`);
  }
  await files.mkdir(out, { recursive: true });
  for await (const { name } of files.readDir(out)) {
    if (tables.some((table) => name === `${table.name}.parquet`)) continue;
    throw new UsageError(
      `Cannot write the tables to "${out}": the folder already holds "${name}", which is no table ` +
        "of this session; give another folder with --out",
    );
  }
}
