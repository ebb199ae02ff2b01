/**
 * `vscope export FORMAT BUNDLE [TABLE]`.
 *
 * @module
 */

import type { RunContext } from "../contract/context.ts";
import { UsageError } from "../contract/errors.ts";
import { suggestion } from "../contract/suggest.ts";
import { boolean, duration, integer, text } from "../contract/options.ts";
import { defineTool } from "../contract/tool.ts";
import { absolute } from "../engine/session/session_plan.ts";
import type { ExportFormat, ExportJob } from "./export/format.ts";
import { FORMATS } from "./export/formats.ts";
import { openSession, type SessionSource } from "./export/session_source.ts";

/** The tool. */
const tool = defineTool({
  name: "export",
  summary: "a session for other tools",
  description:
    "Writes a session bundle in a form that other tools read: a table as CSV, a timeline for " +
    "Perfetto, typed tables in Parquet, the last state as OpenMetrics, or a Jupyter notebook " +
    "that draws the tables. CSV and OpenMetrics go to standard output unless --out names a file; the others go into a file (Parquet: a folder of " +
    "files) of the session's name in the current folder. A session that has not been merged is " +
    "merged first; one that still runs is exported as it is so far.",
  options: {
    window: text({
      doc: "For perfetto: draw a part, iteration:100..120 (steps) or seconds:10..12.5",
    }),
    backfill: boolean({
      default: false,
      doc: "For openmetrics: values over time, as promtool takes them for the past",
    }),
    backfillInterval: duration({
      default: 15,
      min: 1,
      max: 240,
      doc: "For openmetrics: time between two samples, with --backfill",
    }),
    maxEvents: integer({
      default: 1_000_000,
      min: 1000,
      doc: "For perfetto: about as many events at most; a session with more is thinned",
    }),
  },
  operands: [
    { name: "FORMAT", doc: "The format", required: true, choices: Object.keys(FORMATS) },
    { name: "BUNDLE", doc: "The session's folder", required: true, leadsTo: "folder" },
    { name: "TABLE", doc: "A table of it, such as kv_cache_usage", required: false },
  ],
  examples: [
    { line: "vscope export csv run1 kv_cache_usage | tail -n 5", why: "a table, for a pipeline" },
    { line: "vscope export perfetto run1", why: "a timeline for ui.perfetto.dev" },
    { line: "vscope export parquet run1 --out tables", why: "a Parquet file of each table" },
    { line: "vscope export openmetrics run1 --out run1.prom", why: "for Prometheus" },
    {
      line: "vscope export openmetrics run1 --backfill --out run1.om",
      why: "its past, for promtool",
    },
    { line: "vscope export notebook run1", why: "the tables in pandas, drawn" },
  ],
  async run(
    { window, maxEvents, backfill, backfillInterval },
    [formatName = "", given = ".", table],
    context,
    { out, json },
  ) {
    const { default: format } = await FORMATS[formatName]!();
    const source = await openSession(context.files, given);
    if (source.manifest.status === undefined) {
      context.output.note(`${source.dir} still runs: this is what there is so far`);
    }
    await checkTable(format, source, table);
    const target = await targetOf(format, source, out, context);
    if (target === undefined && json) {
      throw new UsageError(
        `Cannot export ${format.name} to standard output with --json: both would go there; ` +
          "add --out FILE",
      );
    }
    if (window !== undefined && !format.windowed) {
      throw new UsageError(
        `Cannot export a window as ${format.name}: --window is for perfetto; leave it out`,
      );
    }
    if (backfill && format.name !== "openmetrics") {
      throw new UsageError(
        `Cannot export values over time as ${format.name}: --backfill is for openmetrics; leave it out`,
      );
    }
    const job: ExportJob = {
      source,
      maxEvents,
      ...(window === undefined ? {} : { window }),
      ...(backfill ? { backfillSec: backfillInterval } : {}),
      context,
      ...(table === undefined ? {} : { table }),
      ...(target === undefined ? {} : { out: target }),
    };
    const { figures, text: said } = await format.write(job);
    if (target === undefined) return { exitCode: 0 };
    return {
      exitCode: 0,
      json: { schema_version: 1, kind: "export", format: format.name, path: target, ...figures },
      text: `${target}: ${said}`,
    };
  },
});

export default tool;

async function checkTable(
  format: ExportFormat,
  { dir, tables }: SessionSource,
  table: string | undefined,
): Promise<void> {
  const names = tables.map(({ name }) => name);
  const list = `"${dir}" has ${names.join(", ")}`;
  if (table === undefined) {
    if (format.table !== "required") return;
    throw new UsageError(`Cannot export ${format.name}: TABLE is missing; ${list}`);
  }
  if (format.table === "none") {
    throw new UsageError(
      `Cannot export the table "${table}" as ${format.name}: it takes the whole session; ` +
        "leave the table out",
    );
  }
  if (!names.includes(table)) {
    throw new UsageError(
      `Cannot export the table "${table}": ${list}${await suggestion(table, names)}`,
    );
  }
}

/** Where the export goes; undefined is standard output. */
async function targetOf(
  format: ExportFormat,
  { dir, name, manifest }: SessionSource,
  out: string | undefined,
  { files, cwd }: RunContext,
): Promise<string | undefined> {
  if (out === undefined && format.suffix === undefined) return undefined;
  const target = absolute(out ?? `${name}${format.suffix}`, cwd).replace(/(?<=.)\/+$/, "");
  const real = await files.realPath(target).catch(() => target);
  const home = await files.realPath(dir);
  const own = [...manifest.artifacts.map(({ path }) => path), "bundle.json"];
  if (real === home || own.some((path) => real === `${home}/${path}`)) {
    throw new UsageError(
      `Cannot write to "${target}": it belongs to the session itself; give another --out`,
    );
  }
  return target;
}
