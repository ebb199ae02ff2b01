/**
 * The profilers of a session, as docs/concepts/profilers.md lists them: from the tables that they fill.
 *
 * @module
 */

import { SESSION_PROFILERS } from "../../kit/bundle/merge/hook_coverage.ts";
import { SESSION_TABLES, type SessionTable } from "../../kit/bundle/session/session_tables.ts";

/** The table, in Markdown. */
export function profilersTable(): string {
  const tables: SessionTable[] = Object.values(SESSION_TABLES);
  const rows = Object.entries(SESSION_PROFILERS).flatMap(([name, toggle]) =>
    tables.filter(({ profiler }) => profiler === name).map(({ path, row }, place) => {
      const first = place === 0 ? `\`${name}\` | \`${toggle.toUpperCase()}\`` : " | ";
      return `| ${first} | \`${path.split("/").at(-1)}\` | ${row} |`;
    })
  );
  return ["| profiler | switch | table | a row is |", "|---|---|---|---|", ...rows].join("\n");
}
