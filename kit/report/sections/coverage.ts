/**
 * Which hooks worked where, and what was lost.
 *
 * @module
 */

import { html } from "../html.ts";
import { type BundleSource, type Section, table, titled } from "../section.ts";

const MARK: Record<string, string> = {
  attached: "✓ attached",
  absent: "– absent",
  failed: "✕ failed",
};

/** Hook coverage, dropped rows, processes. */
export const coverage: Section<BundleSource> = ({ manifest }) => {
  const { hooks, dropped, processes } = manifest;
  const lost = Object.entries(dropped).filter(([, rows]) => rows > 0);
  return titled(
    "hooks",
    "How it was recorded",
    lost.length === 0
      ? html`<p>No row was dropped.</p>`
      : html`<p><strong>Rows dropped:</strong> ${
        lost.map(([name, rows]) => `${name} ${rows}`).join(", ")
      }</p>`,
    table(
      "Processes",
      ["role", "pid#", "rank#"],
      processes.map((
        { role, pid, rank },
      ) => [role, String(pid), rank === undefined ? "" : String(rank)]),
    ),
    html`<details><summary>Hooks: ${
      hooks.filter(({ status }) => status === "attached").length
    } attached, ${hooks.filter(({ status }) => status === "absent").length} absent, ${
      hooks.filter(({ status }) => status === "failed").length
    } failed</summary>${
      table(
        "Hooks by process",
        ["profiler", "status", "vLLM symbol", "process", "reason"],
        hooks.map(({ name, status, symbol, process, reason }) => [
          name,
          html`<span class="h-${status}">${MARK[status] ?? status}</span>`,
          html`<code>${symbol ?? ""}</code>`,
          process,
          reason ?? "",
        ]),
      )
    }</details>`,
  );
};
