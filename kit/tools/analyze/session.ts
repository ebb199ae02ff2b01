/**
 * `vscope analyze` of a session's folder.
 *
 * @module
 */

import { findSessionFindings } from "../../analysis/findings.ts";
import { analyzeSession, type SessionAnalysis } from "../../analysis/session.ts";
import { sessionJson } from "../../analysis/session_json.ts";
import { settleBundle } from "../../bundle/settle.ts";
import type { FileSystem } from "../../contract/context.ts";
import type { Analyzed } from "./analyzed.ts";
import { findingsText, textTable } from "./text_table.ts";

/** Reads a session. */
export async function analyzeSessionFolder(files: FileSystem, dir: string): Promise<Analyzed> {
  await settleBundle(files, dir);
  const analysis = await analyzeSession(files, dir);
  return { document: sessionJson(analysis), text: () => sessionText(analysis) };
}

async function sessionText(analysis: SessionAnalysis): Promise<string> {
  const ms = (value: number) => value.toFixed(3);
  const parts = [`${analysis.dir}: ${analysis.manifest.status ?? "still running"}`];
  const timings = [["phase", analysis.phases], ["operation", analysis.operations]] as const;
  for (const [title, rows] of timings) {
    if (rows.length === 0) continue;
    parts.push(
      await textTable(
        [title, "count", "total ms", "p50 ms", "p95 ms", "p99 ms", "max ms"],
        rows.map(({ name, statistics, totalMs }) => [
          name,
          statistics.count,
          ms(totalMs),
          ...[statistics.p50, statistics.p95, statistics.p99, statistics.max].map(ms),
        ]),
      ),
    );
  }
  const requests = analysis.summary.requests;
  if (requests) {
    parts.push(
      `Requests: ${requests["count"]}, finished ${requests["finished"]}, aborted ${
        requests["aborted"]
      }, unfinished ${requests["unfinished"]}`,
    );
  }
  return [...parts, ...findingsText(findSessionFindings(analysis))].join("\n\n");
}
