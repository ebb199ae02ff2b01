/**
 * Tables and findings on a terminal.
 *
 * @module
 */

import type { Finding } from "../../analysis/findings.ts";
import { loadTable } from "../../deps.ts";

/** A table with lines around its cells. */
export async function textTable(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): Promise<string> {
  const { default: Table } = await loadTable();
  const made = new Table({ head: [...head], style: { head: [], border: [] } });
  made.push(...rows.map((row) => [...row]));
  return made.toString();
}

/** Findings, each in three lines. */
export function findingsText(findings: readonly Finding[]): string[] {
  return findings.map(({ severity, title, evidence, advice }) =>
    `${severity}: ${title}\n  ${evidence}\n  ${advice}`
  );
}
