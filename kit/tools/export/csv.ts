/**
 * `vscope export csv`: a table as it stands in the bundle, for pipelines.
 *
 * @module
 */

import { lineBlocks } from "../../bundle/files/csv_file.ts";
import type { ExportFormat } from "./format.ts";
import { intoSink } from "./text_sink.ts";

/** The format. */
const format: ExportFormat = {
  name: "csv",
  table: "required",
  async write({ source, table, out, context }) {
    const { path } = source.tables.find(({ name }) => name === table)!;
    const cut = { lines: 0 };
    let lines = 0;
    await intoSink(context, out, async (sink) => {
      for await (const block of lineBlocks(context.files, `${source.dir}/${path}`, cut)) {
        context.signal.throwIfAborted();
        for (let at = block.indexOf("\n"); at >= 0; at = block.indexOf("\n", at + 1)) lines++;
        await sink.write(block);
      }
    });
    if (cut.lines > 0) {
      context.output.warn(`The last line of ${path} has no end and was left out`);
    }
    const rows = Math.max(0, lines - 1);
    return { figures: { table, rows }, text: `${rows} rows` };
  },
};

export default format;
