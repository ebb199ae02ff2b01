/**
 * `vscope analyze FILE…`.
 *
 * @module
 */

import { analyzeSession, type SessionAnalysis } from "../analysis/session.ts";
import { findSessionFindings } from "../analysis/findings.ts";
import { sessionJson } from "../analysis/session_json.ts";
import { settleBundle } from "../bundle/settle.ts";
import type { FileSystem } from "../contract/context.ts";
import { UsageError } from "../contract/errors.ts";
import { defineTool } from "../contract/tool.ts";
import { loadTable } from "../deps.ts";

/** The tool. */
const tool = defineTool({
  name: "analyze",
  summary: "tables and findings of a capture",
  description: "Prints the figures of a session bundle and what they say; --json for programs.",
  options: {},
  operands: [{ name: "FILE", doc: "A session's folder", required: true, leadsTo: "folder" }],
  examples: [{ line: "vscope analyze run1 --json", why: "for a pipeline" }],
  async run(_values, [given = "."], context) {
    const dir = given.replace(/(?<=.)\/+$/, "");
    await requireSession(context.files, dir);
    await settleBundle(context.files, dir);
    const analysis = await analyzeSession(context.files, dir);
    return { exitCode: 0, json: sessionJson(analysis), text: await tables(analysis) };
  },
});

export default tool;

async function requireSession(files: FileSystem, dir: string): Promise<void> {
  const found = await files.stat(dir).catch(() => undefined);
  if (!found) throw new UsageError(`Cannot analyze "${dir}": there is no such file or folder`);
  if (!found.isDirectory) {
    throw new UsageError(
      `Cannot analyze "${dir}": this vscope reads session bundles, which are folders; ` +
        "give the folder of a session",
    );
  }
}

async function tables(analysis: SessionAnalysis): Promise<string> {
  const { default: Table } = await loadTable();
  const table = (head: string[], rows: (string | number)[][]) => {
    const made = new Table({ head, style: { head: [], border: [] } });
    made.push(...rows);
    return made.toString();
  };
  const ms = (value: number) => value.toFixed(3);
  const parts = [`${analysis.dir}: ${analysis.manifest.status ?? "still running"}`];
  for (
    const [title, timings] of [["phase", analysis.phases], [
      "operation",
      analysis.operations,
    ]] as const
  ) {
    if (timings.length === 0) continue;
    parts.push(table(
      [title, "count", "total ms", "p50 ms", "p95 ms", "p99 ms", "max ms"],
      timings.map(({ name, statistics, totalMs }) => [
        name,
        statistics.count,
        ms(totalMs),
        ...[statistics.p50, statistics.p95, statistics.p99, statistics.max].map(ms),
      ]),
    ));
  }
  const requests = analysis.summary.requests;
  if (requests) {
    parts.push(
      `Requests: ${requests["count"]}, finished ${requests["finished"]}, aborted ${
        requests["aborted"]
      }, ` +
        `unfinished ${requests["unfinished"]}`,
    );
  }
  for (const { severity, title, evidence, advice } of findSessionFindings(analysis)) {
    parts.push(`${severity}: ${title}\n  ${evidence}\n  ${advice}`);
  }
  return parts.join("\n\n");
}
